import type { SecretSource } from "./credentials.ts";

/** A repository of a session: a folder of this machine, or a URL to clone. */
export type RepositorySetting =
  | { readonly name: string; readonly kind: "path"; readonly path: string }
  | {
      readonly name: string;
      readonly kind: "url";
      readonly url: string;
      readonly ref?: string;
      /** The real path behind a `file://` URL. */
      readonly hostPath?: string;
      readonly credential?: RepositoryCredential;
    };

/** Signs in for a clone. */
export interface RepositoryCredential {
  readonly username: string;
  readonly secret: SecretSource;
}
