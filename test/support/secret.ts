import { SecretReference } from "../../components/session-part.ts";

/** A secret that holds a value, and what people call the place where it is kept. */
export const secret = (name: string, value: string): SecretReference => new SecretReference(name, () => value);
