/** AWS resources behind which something runs that no rule can look into. */
import { kindOf, type Subject } from "./subject.ts";
import { isRecord, type Props, record, records, text } from "./value.ts";

/** Whole platforms of their own, or scripts. */
const platforms =
  /^aws:(cloudformation:(Stack|StackSet|StackSetInstance|StackInstances|CustomResourceEmulator|Macro|ModuleVersion)|ecs:ExpressGatewayService|apprunner:Service|elasticbeanstalk:(Environment|ApplicationVersion|ConfigurationTemplate)|lightsail:(ContainerService|ContainerServiceDeploymentVersion|Container)|opsworks:.*|servicecatalog:(ProvisionedProduct|Product|ProvisioningArtifact|CloudFormationProduct|CloudFormationProvisionedProduct)|imagebuilder:(Component|ContainerRecipe)|ssm:MaintenanceWindowTask|sagemaker:NotebookInstanceLifecycleConfig(uration)?|gamelift:(Build|Fleet|ContainerFleet|ContainerGroupDefinition)|greengrassv2:ComponentVersion|emr:Cluster|emrserverless:Application|proton:.*)$/;

/** Steps with which a document of Systems Manager runs what it likes. */
const runsScript =
  /aws:(run(shell|powershell)script|rundocument|executescript|runcommand|executeautomation|createstack|runinstances|configurepackage|applications|downloadcontent)/i;

/** Machines and what they are made from, with the places that their user data may be in. */
function* userDataOf({ kind, props }: Subject): Iterable<unknown> {
  if (
    /^aws:(ec2:(Instance|LaunchTemplate|LaunchConfiguration|SpotInstanceRequest)|autoscaling:LaunchConfiguration|lightsail:Instance)$/.test(
      kind,
    )
  )
    yield* inSpec(props);
  if (kind === "aws:ec2:LaunchTemplate") yield* inSpec(record(props.launchTemplateData));
  if (kind === "aws:ec2:SpotFleetRequest" || kind === "aws:ec2:SpotFleet")
    for (const spec of [...records(props.launchSpecifications), ...records(record(props.spotFleetRequestConfigData).launchSpecifications)])
      yield* inSpec(spec);
}

const inSpec = (spec: Props): unknown[] => [spec.userData, spec.userDataBase64];

/** How the sentence about an opaque resource ends; undefined where rules see what it runs. */
export function opaqueOnAws(subject: Subject): string | undefined {
  const { kind, props, resource } = subject;
  if (platforms.test(kind)) return `be of a type that rules can look into, not ${kindOf(resource.type) === kind ? resource.type : kind}`;
  if (kind === "aws:ssm:Document") {
    const content = isRecord(props.content) ? JSON.stringify(props.content) : (text(props.content) ?? "");
    return runsScript.test(content) ? "not run commands on machines by a document" : undefined;
  }
  if (
    kind === "aws:ssm:Association" &&
    Object.keys(record(props.parameters)).some((key) => /^(commands|script|sourceinfo|commandline)$/i.test(key))
  )
    return "not run commands on machines by an association";
  for (const data of userDataOf(subject)) if (text(data)) return "not start workloads by its user data";
  return undefined;
}
