import { devServicePorts } from "./dev-services.ts";
import { type GatewaySetting, gatewayServicePorts } from "./gateway.ts";
import { type MonitoringSetting, type ServicePort, servicePorts } from "./monitoring.ts";
import { singleNodeOf, type StrategySetting } from "./strategy.ts";

/** What of a stack's settings takes ports for all of its sessions. */
interface Serving {
  readonly strategy: StrategySetting;
  readonly monitoring?: MonitoringSetting | undefined;
  readonly gateway?: GatewaySetting | undefined;
}

/** The ports of whatever serves all sessions of a stack. */
export function stackPorts({ strategy, monitoring, gateway }: Serving): readonly ServicePort[] {
  return [
    ...servicePorts(singleNodeOf(strategy)?.supervisor.port, monitoring),
    ...gatewayServicePorts(gateway),
    ...devServicePorts(strategy),
  ];
}
