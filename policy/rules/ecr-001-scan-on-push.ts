import { flag, record } from "./read/value.ts";
import { fsbp, type Rule } from "./rule.ts";

export const scanOnPush: Rule = {
  id: "ECR-001",
  name: "scan-on-push",
  title: "Images are not scanned when they are pushed",
  severity: "medium",
  frameworks: [fsbp("ECR.1")],
  remediation: "Set imageScanningConfiguration.scanOnPush.",
  reads: "imageScanningConfiguration",
  automatic: true,
  kinds: ["aws:ecr:Repository"],
  *resource({ name, props }) {
    if (flag(record(props.imageScanningConfiguration).scanOnPush) !== true)
      yield `The repository "${name}" must scan images when they are pushed.`;
  },
};
