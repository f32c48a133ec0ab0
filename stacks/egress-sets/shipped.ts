/** Hosts that belong together, on port 443. */
export interface ShippedSet {
  /** `{region}` stands for the region that an entry names. */
  readonly hosts: Readonly<Record<string, string>>;
  /** Where their owner lists them. */
  readonly documented: string;
}

/**
 * The sets that ship with the project, each host with what it is for. A host that serves files of anybody's, such as a
 * storage service, and hosts for telemetry and updates are in none.
 */
export const shippedSets: Readonly<Record<string, ShippedSet>> = {
  anthropic: {
    documented: "https://code.claude.com/docs/en/network-config",
    hosts: {
      "api.anthropic.com": "the model, and the check of domains before the agent reads a page",
      "claude.ai": "signing in with a subscription",
      "platform.claude.com": "signing in with a Console account",
    },
  },
  bedrock: {
    documented: "https://docs.aws.amazon.com/general/latest/gr/bedrock.html",
    hosts: {
      "bedrock-runtime.{region}.amazonaws.com": "the model",
      "bedrock.{region}.amazonaws.com": "the inference profiles, among which the agent looks its model up",
    },
  },
  github: {
    documented: "https://docs.github.com/en/actions/concepts/runners/communicating-with-self-hosted-runners",
    hosts: {
      "github.com": "git, and the pages that downloads start from",
      "api.github.com": "the API",
      "codeload.github.com": "archives of a repository",
      "raw.githubusercontent.com": "single files of a repository",
      "objects.githubusercontent.com": "large files",
      "release-assets.githubusercontent.com": "files of a release",
    },
  },
};
