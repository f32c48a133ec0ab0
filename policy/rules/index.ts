// Long: two lines for each rule, its import and its place in the list.
import { readOnlyRoot } from "./ctr-001-read-only-root.ts";
import { noNewPrivileges } from "./ctr-002-no-new-privileges.ts";
import { dangerousCapability } from "./ctr-003-dangerous-capability.ts";
import { addedCapability } from "./ctr-004-added-capability.ts";
import { capabilitiesDropped } from "./ctr-005-capabilities-dropped.ts";
import { privileged } from "./ctr-006-privileged.ts";
import { rootUser } from "./ctr-007-root-user.ts";
import { hostNetwork } from "./ctr-008-host-network.ts";
import { hostProcesses } from "./ctr-009-host-processes.ts";
import { hostIpc } from "./ctr-010-host-ipc.ts";
import { engineSocket } from "./ctr-011-engine-socket.ts";
import { sensitiveHostPath } from "./ctr-012-sensitive-host-path.ts";
import { hostPathAllowList } from "./ctr-013-host-path-allow-list.ts";
import { mountPropagation } from "./ctr-014-mount-propagation.ts";
import { hostDevice } from "./ctr-015-host-device.ts";
import { seccomp } from "./ctr-016-seccomp.ts";
import { appArmor } from "./ctr-017-apparmor.ts";
import { seLinux } from "./ctr-018-selinux.ts";
import { procMasks } from "./ctr-019-proc-masks.ts";
import { userNamespace } from "./ctr-020-user-namespace.ts";
import { memory } from "./ctr-021-memory.ts";
import { cpu } from "./ctr-022-cpu.ts";
import { processes } from "./ctr-023-processes.ts";
import { scratchSpace } from "./ctr-024-scratch-space.ts";
import { tmpfsFlags } from "./ctr-025-tmpfs-flags.ts";
import { secretInEnvironment } from "./ctr-026-secret-in-environment.ts";
import { secretElsewhere } from "./ctr-027-secret-elsewhere.ts";
import { openPort } from "./ctr-028-open-port.ts";
import { privilegedPort } from "./ctr-029-privileged-port.ts";
import { sshPort } from "./ctr-030-ssh.ts";
import { healthCheck } from "./ctr-031-health-check.ts";
import { emptyHealthCheck } from "./ctr-032-empty-health-check.ts";
import { pinnedImage } from "./ctr-033-pinned-image.ts";
import { imageRegistry } from "./ctr-034-image-registry.ts";
import { logs } from "./ctr-035-logs.ts";
import { endlessRestart } from "./ctr-036-endless-restart.ts";
import { initProcess } from "./ctr-037-init-process.ts";
import { defaultBridge } from "./ctr-038-default-bridge.ts";
import { joinedNamespace } from "./ctr-039-joined-namespace.ts";
import { volumesFrom } from "./ctr-040-volumes-from.ts";
import { powerfulGroup } from "./ctr-041-groups.ts";
import { sysctl } from "./ctr-042-sysctl.ts";
import { hardenedRuntime } from "./ctr-043-hardened-runtime.ts";
import { hostAlias } from "./ctr-045-host-alias.ts";
import { leftovers } from "./ctr-046-leftovers.ts";
import { reservations } from "./ctr-047-reservations.ts";
import { sharedUid } from "./ctr-048-shared-uid.ts";
import { scanOnPush } from "./ecr-001-scan-on-push.ts";
import { mutableTags } from "./ecr-002-mutable-tags.ts";
import { repositoryPolicy } from "./ecr-003-repository-policy.ts";
import { efsTransit } from "./ecs-001-efs-transit.ts";
import { publicIp } from "./ecs-002-public-ip.ts";
import { ecsExec } from "./ecs-003-exec.ts";
import { taskRoles } from "./ecs-004-task-roles.ts";
import { taskNetwork } from "./ecs-005-task-network.ts";
import { platformVersion } from "./ecs-006-platform-version.ts";
import { containerInsights } from "./ecs-007-container-insights.ts";
import { circuitBreaker } from "./ecs-008-circuit-breaker.ts";
import { efsEncrypted } from "./efs-001-encrypted.ts";
import { accessPointRoot } from "./efs-002-access-point-root.ts";
import { accessPointUser } from "./efs-003-access-point-user.ts";
import { efsBackup } from "./efs-004-backup.ts";
import { fileSystemPolicy } from "./efs-005-file-system-policy.ts";
import { opaqueWorkload } from "./gen-001-opaque.ts";
import { everythingEvaluated } from "./gen-002-evaluated.ts";
import { readableInputs } from "./gen-003-readable.ts";
import { ignoredChanges } from "./gen-004-ignored-changes.ts";
import { protectedData } from "./gen-005-protected.ts";
import { exceptions } from "./gen-006-exceptions.ts";
import { weakenedRules } from "./gen-007-weakened.ts";
import { trueKind } from "./gen-008-true-kind.ts";
import { administrator } from "./iam-001-administrator.ts";
import { broadAccess } from "./iam-002-broad-access.ts";
import { trust } from "./iam-003-trust.ts";
import { longLivedKeys } from "./iam-004-long-lived-keys.ts";
import { privilegeEscalation } from "./iam-005-privilege-escalation.ts";
import { federatedTrust } from "./iam-006-federated-trust.ts";
import { privilegedBuild } from "./cb-001-privileged-build.ts";
import { enginePlugin } from "./plg-001-engine-plugin.ts";
import { buildSecrets } from "./img-001-build-secrets.ts";
import { buildIsolation } from "./img-002-build-isolation.ts";
import { buildSource } from "./img-003-build-source.ts";
import { dockerfile } from "./img-004-dockerfile.ts";
import { scanEvidence } from "./img-005-scan-evidence.ts";
import { ownNamespace } from "./k8s-001-namespace.ts";
import { podSecurityLabels } from "./k8s-002-pod-security-labels.ts";
import { serviceAccountToken } from "./k8s-003-service-account-token.ts";
import { defaultServiceAccount } from "./k8s-004-default-service-account.ts";
import { volumeTypes } from "./k8s-005-volume-types.ts";
import { rbacWildcard } from "./k8s-006-rbac-wildcard.ts";
import { rbacSecrets } from "./k8s-007-rbac-secrets.ts";
import { rbacExec } from "./k8s-008-rbac-exec.ts";
import { rbacEscalation } from "./k8s-009-rbac-escalation.ts";
import { clusterAdmin } from "./k8s-010-cluster-admin.ts";
import { universalSubject } from "./k8s-011-universal-subject.ts";
import { networkPolicy } from "./k8s-012-network-policy.ts";
import { podEgress } from "./k8s-013-open-egress.ts";
import { podIngress } from "./k8s-014-open-ingress.ts";
import { namespaceLimits } from "./k8s-015-namespace-limits.ts";
import { hostPort } from "./k8s-016-host-port.ts";
import { hostProcess } from "./k8s-017-host-process.ts";
import { probeHost } from "./k8s-018-probe-host.ts";
import { sharedProcesses } from "./k8s-021-shared-processes.ts";
import { exposedService } from "./k8s-022-exposed-service.ts";
import { ingressTls } from "./k8s-023-ingress-tls.ts";
import { placement } from "./k8s-025-placement.ts";
import { jobLimits } from "./k8s-026-job-limits.ts";
import { availability } from "./k8s-027-availability.ts";
import { serviceLinks } from "./k8s-028-service-links.ts";
import { rbacClusterReach } from "./k8s-029-rbac-cluster-reach.ts";
import { foreignAddress } from "./k8s-030-foreign-address.ts";
import { logRetention } from "./log-001-log-retention.ts";
import { alerting } from "./mon-001-alerts.ts";
import { hostServices } from "./net-000-host-services.ts";
import { membersTalk } from "./net-001-members-talk.ts";
import { openEgress } from "./net-002-open-egress.ts";
import { overlayEncryption } from "./net-003-overlay-encryption.ts";
import { gatewayMode } from "./net-004-gateway-mode.ts";
import { networkDriver } from "./net-005-network-driver.ts";
import { sharedNetwork } from "./net-006-shared-network.ts";
import { sealedNames } from "./net-007-sealed-names.ts";
import { engineAddress } from "./prv-001-engine-address.ts";
import { providerCredentials } from "./prv-002-provider-credentials.ts";
import type { Rule } from "./rule.ts";
import { secretRotation } from "./sec-001-secret-rotation.ts";
import { plainSecret } from "./sec-004-plain-secret.ts";
import { groupIngress } from "./sg-001-open-ingress.ts";
import { groupEgress } from "./sg-002-open-egress.ts";
import { groupDescription } from "./sg-003-description.ts";
import { defaultGroup } from "./sg-004-default-group.ts";
import { prefixList } from "./sg-005-prefix-list.ts";
import { groupMetadata } from "./sg-006-metadata.ts";
import { ownerLabels } from "./vol-001-labels.ts";
import { dataInMemory } from "./vol-002-data-in-memory.ts";
import { credentialsWritable } from "./vol-003-credentials-writable.ts";
import { remoteVolume } from "./vol-004-remote-volume.ts";
import { repositoryWritable } from "./vol-005-repository-writable.ts";
import { hostFileSystem } from "./vol-006-host-file-system.ts";

/** Every rule, in the order of its id within its family. */
export const rules: readonly Rule[] = [
  readOnlyRoot,
  noNewPrivileges,
  dangerousCapability,
  addedCapability,
  capabilitiesDropped,
  privileged,
  rootUser,
  hostNetwork,
  hostProcesses,
  hostIpc,
  engineSocket,
  sensitiveHostPath,
  hostPathAllowList,
  mountPropagation,
  hostDevice,
  seccomp,
  appArmor,
  seLinux,
  procMasks,
  userNamespace,
  memory,
  cpu,
  processes,
  scratchSpace,
  tmpfsFlags,
  secretInEnvironment,
  secretElsewhere,
  openPort,
  privilegedPort,
  sshPort,
  healthCheck,
  emptyHealthCheck,
  pinnedImage,
  imageRegistry,
  logs,
  endlessRestart,
  initProcess,
  defaultBridge,
  joinedNamespace,
  volumesFrom,
  powerfulGroup,
  sysctl,
  hardenedRuntime,
  hostAlias,
  leftovers,
  reservations,
  sharedUid,
  hostServices,
  membersTalk,
  openEgress,
  overlayEncryption,
  gatewayMode,
  networkDriver,
  sharedNetwork,
  sealedNames,
  ownerLabels,
  dataInMemory,
  credentialsWritable,
  remoteVolume,
  repositoryWritable,
  hostFileSystem,
  buildSecrets,
  buildIsolation,
  buildSource,
  dockerfile,
  scanEvidence,
  engineAddress,
  providerCredentials,
  enginePlugin,
  ownNamespace,
  podSecurityLabels,
  serviceAccountToken,
  defaultServiceAccount,
  volumeTypes,
  rbacWildcard,
  rbacSecrets,
  rbacExec,
  rbacEscalation,
  clusterAdmin,
  universalSubject,
  networkPolicy,
  podEgress,
  podIngress,
  namespaceLimits,
  hostPort,
  hostProcess,
  probeHost,
  sharedProcesses,
  exposedService,
  ingressTls,
  placement,
  jobLimits,
  availability,
  serviceLinks,
  rbacClusterReach,
  foreignAddress,
  efsTransit,
  publicIp,
  ecsExec,
  taskRoles,
  taskNetwork,
  platformVersion,
  containerInsights,
  circuitBreaker,
  efsEncrypted,
  accessPointRoot,
  accessPointUser,
  efsBackup,
  fileSystemPolicy,
  groupIngress,
  groupEgress,
  groupDescription,
  defaultGroup,
  prefixList,
  groupMetadata,
  administrator,
  broadAccess,
  trust,
  longLivedKeys,
  privilegeEscalation,
  federatedTrust,
  secretRotation,
  plainSecret,
  logRetention,
  alerting,
  scanOnPush,
  mutableTags,
  repositoryPolicy,
  privilegedBuild,
  opaqueWorkload,
  everythingEvaluated,
  readableInputs,
  ignoredChanges,
  protectedData,
  exceptions,
  weakenedRules,
  trueKind,
];
