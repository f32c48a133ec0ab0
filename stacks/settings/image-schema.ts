import { z } from "zod";
import { text } from "./values.ts";

/** The form of the key `image`; what belongs together in it is judged in image.ts. */

/** What gives rights, or speaks to an engine; the rule IMG-004 finds the same in a Dockerfile. */
const uselessPackages: ReadonlySet<string> = new Set(["sudo", "docker.io", "docker-cli", "docker-ce-cli"]);

export const imageSchema = z
  .strictObject({
    variant: z
      .enum(["slim", "full"], { error: "is not a variant; write slim or full" })
      .describe("slim, or full with compilers and editors; slim when left out.")
      .optional(),
    base: text(
      "The Debian-based image to build upon, by name or digest. When left out: the local base that set-up made of Debian packages, else the stock Node image.",
    )
      .regex(/^[a-z0-9][\w.-]*(:\d+(?=\/))?(\/[a-z0-9][\w.-]*)*(:\w[\w.-]*)?(@[a-z0-9]+:[a-f0-9]+)?$/i, {
        error: 'is not the name of an image; write one such as "debian:12" or "registry.example/debian@sha256:…"',
      })
      .optional(),
    agent: z
      .union(
        [
          z.literal("none"),
          z.strictObject({
            // What begins with a hyphen would be an option of npm's, and what holds more than a name the place of another package.
            package: text("npm package; @anthropic-ai/claude-code when left out.")
              .regex(/^(@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/, {
                error: 'is not the name of an npm package; write one such as "@anthropic-ai/claude-code"',
              })
              .optional(),
            version: text("Its exact version.").regex(/^\d+\.\d+\.\d+[\w.+-]*$/, {
              error: 'is not an exact version; write one such as "2.1.329"',
            }),
          }),
        ],
        { error: 'is not an agent; write none or {version: "2.1.329"}' },
      )
      .describe("The agent's npm package and version, or none: sessions run a shell.")
      .optional(),
    packages: z
      .array(
        // The names that Debian's policy allows (5.6.7), which are no options of apt's.
        text("The name of a package.")
          .regex(/^[a-z0-9][a-z0-9+.-]+$/, { error: 'is not the name of a Debian package; write one such as "make"' })
          .refine((name) => !uselessPackages.has(name), {
            error: "has no use in a session, which can gain no rights and never reaches the engine; leave it out",
          }),
        { error: 'is not a list of Debian packages; write one such as ["gcc", "make"]' },
      )
      .describe("Debian packages beside those of the variant, by name, without what they recommend. None when left out.")
      .optional(),
    caBundle: text(
      'A file of PEM certificates that the build and the sessions trust too, or "none". When left out: the file that NODE_EXTRA_CA_CERTS names.',
    ).optional(),
    registry: text(
      "The registry, and the folder in it, that images are pushed to, with the login that the Docker CLI keeps for it; the Pulumi CLI alone pushes. When left out: they stay on the engine.",
    )
      .regex(/^[a-z0-9][\w.-]*(:\d+)?(\/[a-z0-9][a-z0-9._-]*)*$/, {
        error: 'is not a registry; write it without a scheme, such as "registry.example/team"',
      })
      .optional(),
    platform: z
      .enum(["linux/amd64", "linux/arm64"], { error: "is not a platform; write linux/amd64 or linux/arm64" })
      .describe("The engine's own when left out.")
      .optional(),
    revision: text("The source revision for the image's OCI labels.").optional(),
    created: text("The build date for the image's OCI labels, as RFC 3339.").optional(),
  })
  .describe("The image that sessions run.");
