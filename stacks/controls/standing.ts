import type { ControlName } from "./list.ts";

/** How a control stands on a platform, and where it says so: a URL, or a page of this project. */
export type Standing =
  /** The platform itself sees to it. */
  | { readonly how: "enforced" }
  /** The platform does not, and something else does. */
  | { readonly how: "other means"; readonly why: string; readonly source: string }
  /** Nothing does, which a plan says. */
  | { readonly how: "reported"; readonly why: string; readonly source: string }
  /** Settings that ask for it are a mistake. `why` follows key and value in a sentence. */
  | { readonly how: "refused"; readonly why: string; readonly wayOut: string; readonly source: string };

/** How every control stands on one platform. */
export type Column = Readonly<Record<ControlName, Standing>>;

export const enforced: Standing = { how: "enforced" };
export const means = (why: string, source: string): Standing => ({ how: "other means", why, source });
export const reported = (why: string, source: string): Standing => ({ how: "reported", why, source });
export const refused = (why: string, wayOut: string, source: string): Standing => ({ how: "refused", why, wayOut, source });
