/** What looks like a secret. Nothing in here is ever printed: rules name the key. */
import { holdsConnectionPassword, holdsToken, holdsUrlPassword } from "./token-formats.ts";

/** Words, or two in a row, for what must not be known. */
const secretWords = new Set(
  (
    "pass password passwd passphrase pwd passcode secret secrets token tokens credential credentials creds apikey apitoken " +
    "authtoken accesstoken refreshtoken clientsecret appsecret secretkey accesskey privatekey masterkey authkey encryptionkey " +
    "signingkey requirepass masterauth sshpass pat"
  ).split(" "),
);
const keyOwners = new Set(
  (
    "api access private secret auth encryption decryption signing signature account master license licence shared storage session " +
    "cookie jwt hmac ssh deploy webhook app application consumer client admin root fernet integration ingest service"
  ).split(" "),
);

/** Names of one piece, or with a meaning of their own. */
const wholeNames = /^(redis(cli)?_auth|mysql_pwd|docker_auth_config|npm_config__?auth|_auth|_authtoken|.*access_key_id|.*_key_base)$/;

/** Words after a secret's that leave it one: which of several it is, and how it is written. */
const stillSecret = new Set(
  (
    "value values plain plaintext text string str raw data base64 b64 encoded hex old new current previous next primary secondary " +
    "default prod production dev development stage staging test testing qa live local demo root admin db database main master " +
    "backup ro rw readonly replica"
  ).split(" "),
);

/** Words after a secret's that make it something about one: TOKEN_AUDIENCE, SECRET_BACKEND. Never a value to be kept. */
const aboutSecret = new Set(
  (
    "file files path paths dir dirs directory folder mount type types kind name names namespace arn arns ref refs reference ttl length size limit limits " +
    "count counts url uri urls endpoint host port issuer audience backend engine store provider manager driver plugin algorithm alg hasher hash hashing " +
    "hashed expiry expires expiration expire lifetime age duration period interval seconds secs minutes hours days timeout grace leeway skew rotation " +
    "rotate renew refresh policy policies rule rules mode method strategy scheme format encoding enabled disabled required optional allowed " +
    "validation validator validators verification strength complexity min max minimum maximum attempts retries reset prompt field header headers " +
    "cookie param parameter prefix suffix label version scope scopes claim claims template script command cmd helper cache server service region " +
    "project group role binding key keys index schema table column class factory source location filename filepath permissions"
  ).split(" "),
);

/** Words before a secret's that say that it is a number, a switch or somebody else's name for one. */
const beforeNone = /^(max|min|num|n|public)$/;
const firstOfSwitch = /^(no|has|use|uses|enable|enables|enabled|disable|disabled|require|requires|required|allow|allows|skip|without|is)$/;

/** `tls-secret`, `pull-secret`: the name of an object that holds one. */
const heldElsewhere = /^(tls|ssl|ca|cert|certs|certificate|pull|imagepull|image|ingress|serving|existing|external|k8s|kubernetes)$/;

/** Values that no secret has: switches, paths, references to variables, to other stores and to templates. */
const harmlessValue =
  /^(|true|false|yes|no|on|off|none|null|nil|undefined|enabled|disabled|required|optional|\/[\w./-]*|\.{1,2}\/[\w./-]*|\$\$?\{[^}]*\}|\$\w+|\$\$?\(.*|`.*|%\w+%|\{\{.*\}\}|<[^>]+>|\*+|ENC\[.*\]|arn:aws[\w-]*:(secretsmanager|ssm|kms):.*|projects\/[^/]+\/secrets\/.*|(vault|ref\+\w+|op|sm|awssm|awssecret|awsssm|gcpsm|gsm|secretsmanager|ssm|azurekv|akv|azurekeyvault|file|env|doppler|secretref|valuefrom|keyring|infisical|bao):\S*)$/is;

const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");

/** Where the secret's own word ends in a name; -1 where there is none. `pgpassword` is one word. */
function endOfSecret(words: readonly string[]): number {
  return words.findLastIndex(
    (word, at) =>
      secretWords.has(word) ||
      /^[a-z0-9]{2,}(password|passwd|passphrase|apikey|secretkey|accesskey|authtoken)\d*$/.test(word) ||
      /^(store|key|ldap|db|smtp|mail|user|admin|root|trust|keystore|truststore)pass$/.test(word) ||
      /^(password|passwd|secret|token|pass|pwd)\d+$/.test(word) ||
      (/^keys?$/.test(word) && keyOwners.has(words[at - 1] ?? "")),
  );
}

/** Whether letters and figures are mixed as nobody writes words. */
export function looksRandom(value: string): boolean {
  return (
    value.length >= 16 && /^[\w+/=.~-]+$/.test(value) && /\d.*\d/.test(value) && /[A-Za-z]/.test(value) && !/^v?\d+(\.\d+)+/.test(value)
  );
}

type Meaning = "secret" | "perhaps" | "none";

function meaningOf(name: string): Meaning {
  const words = wordsOf(name);
  if (wholeNames.test(words.join("_")) || wholeNames.test(name.toLowerCase())) return "secret";
  const at = endOfSecret(words);
  if (at < 0) return /^(basic|proxy|registry|npm|docker|http)?_?auth$/.test(words.join("_")) ? "perhaps" : "none";
  const isKey = /^keys?$/.test(words[at] ?? "");
  const before = words.slice(0, isKey ? at - 1 : at);
  if (before.some((word) => beforeNone.test(word)) || firstOfSwitch.test(before[0] ?? "")) return "none";
  if (/^secrets?$/.test(words[at] ?? "") && heldElsewhere.test(before.at(-1) ?? "")) return "none";
  const after = words.slice(at + 1);
  if (after.every((word) => stillSecret.has(word) || /^\d+$/.test(word))) return "secret";
  return after.some((word) => aboutSecret.has(word)) ? "none" : "perhaps";
}

/** A password that stands with its user: `me:password`. */
const withUser = /^[^\s:/]{1,64}:[^\s:/]{3,}$/;

/** Whether a name says that its value is a secret, and the value may be one. */
export function isNamedSecret(name: string, value: string): boolean {
  // A word of a script may end in the middle of what is quoted, as `--password="$(cat file)"` does at its space.
  const plain = value
    .trim()
    .replace(/^[\\"']{1,4}/, "")
    .replace(/[\\"');]{1,4}$/, "");
  if (harmlessValue.test(plain)) return false;
  const meaning = meaningOf(name);
  if (meaning === "none") return false;
  // Many tokens are a number of them, as are the seconds of one.
  if (/tokens$/i.test(name) && /^\d+$/.test(plain)) return false;
  return meaning === "secret" || looksRandom(plain) || withUser.test(plain);
}

/** Whether a value is a secret by itself, or its name says that it is one. */
export function isSecret(name: string, value: string): boolean {
  return holdsSecret(value) || isNamedSecret(name, value);
}

/** Whether a value is, or holds, a secret, whatever it is called. */
export function holdsSecret(value: string): boolean {
  return holdsToken(value) || holdsUrlPassword(value) || holdsConnectionPassword(value);
}

/** Annotations and labels name secrets, hash them and say what is done with them; few hold one. */
export function isSecretInMetadata(key: string, value: string): boolean {
  if (holdsSecret(value)) return true;
  if (/^checksum\/|(^|[./-])(vault\.hashicorp\.com|reloader|checksum|hash)([./-]|$)/.test(key)) return false;
  const name = key.split("/").at(-1) ?? key;
  const isReference = /[./]/.test(key) && /^(secrets?|tokens?|credentials?)$/.test(wordsOf(name)[endOfSecret(wordsOf(name))] ?? "");
  return isNamedSecret(name, value) && (!isReference || (looksRandom(value) && !/^[0-9a-f]+$/.test(value)));
}

/** Assignments in a text that a shell may read: `export X=…`, `X=… command`, `-e X=…`, `--from-literal=x=…`, `$env:X = …`. */
const assignment = /(?<![\w.-])(?:\$env:)?([A-Za-z_][\w.-]*)\s?=\s?("[^"]*"|'[^']*'|[^\s;&|)"']+)/g;

/** Log-ins and headers as programs take them on their command lines. */
const handedOver =
  /(?:^|\s)(?:-u|--user|--proxy-user)[= ]?["']?[^\s:"'$/]+:(?![$"'\s])[^\s"']+|authorization:\s*(?:bearer|basic|token)\s+(?![${<])[\w.~+/=-]{8,}|\bsshpass\s+-p\s*(?!\$)\S+|\bredis-cli\b[^|;&]*\s-a\s+(?!\$)\S+|\bmysql(?:dump|admin)?\b[^|;&]*\s-p(?![\s$"'])\S+/i;

/** Whether a text that is run holds a secret. */
export function holdsSecretInScript(text: string): boolean {
  if (holdsSecret(text) || handedOver.test(text)) return true;
  for (const [, name = "", value = ""] of text.matchAll(assignment)) if (isSecret(name, value)) return true;
  const words = text.split(/\s+/);
  return words.some((word, at) => isSecretArgument(word, words[at + 1] ?? ""));
}

/** A line of a file that sets a password; other words name what holds one as often as they hold it. */
const passwordLine =
  /^[ \t]*["']?[\w.-]*(?:password|passwd|passphrase|api[_-]?key|secret[_-]?key|client[_-]?secret)["']?[ \t]*[:=][ \t]*["']?([^\s"',#]+)/gim;

/** Whether the content of a configuration file holds a secret. */
export function holdsSecretInFile(content: string): boolean {
  if (holdsSecret(content)) return true;
  for (const [, value = ""] of content.matchAll(passwordLine)) if (isNamedSecret("password", value)) return true;
  return false;
}

/** Whether one of two words of a command line hands over a secret: `--password=x`, `--token x`. */
export function isSecretArgument(word: string, next: string): boolean {
  const option = /^--?([A-Za-z][\w.-]*)(?:=(.*))?$/s.exec(word);
  if (!option?.[1]) return false;
  const value = option[2] ?? next;
  return !value.startsWith("-") && isNamedSecret(option[1], value);
}
