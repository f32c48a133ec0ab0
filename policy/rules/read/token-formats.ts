/**
 * Forms that credentials are issued in, so that one is known whatever it is called. The forms are facts from what the issuers
 * publish and what gitleaks looks for.
 */

/** What ids of AWS access keys begin with. */
const awsKey = "AKIA|ASIA|ABIA|ACCA";

/** What a token begins with, and how what follows is written: at least so many of these characters. */
const prefixed: readonly (readonly [prefixes: string, characters: string, atLeast: number])[] = [
  ["sk-ant-", "[\\w-]", 10],
  ["sk-(?:proj|svcacct|admin|or)-", "[\\w-]", 20],
  [`(?:${awsKey}|LTAI)`, "[0-9A-Za-z]", 16],
  ["ABSK", "[A-Za-z0-9+/]", 60],
  ["gh[pousr]_", "[A-Za-z0-9]", 20],
  ["github_pat_", "[A-Za-z0-9_]", 20],
  ["gl(?:pat|dt|ft|rt|cbt|ptt|oas|soat|imt|ffct|agent)-", "[\\w-]", 16],
  ["GR1348941", "[\\w-]", 20],
  ["xox[abeoprs]-", "[\\w-]", 10],
  ["xapp-\\d-", "[\\w-]", 20],
  ["(?:sk|rk)_(?:test|live|prod)_", "[A-Za-z0-9]", 10],
  ["whsec_", "[A-Za-z0-9+/=]", 20],
  ["npm_", "[A-Za-z0-9]", 30],
  ["pypi-AgEIcHlwaS5vcmc", "[\\w-]", 30],
  ["rubygems_", "[a-f0-9]", 40],
  ["oy2", "[a-z0-9]", 43],
  ["AIza", "[\\w-]", 30],
  ["ya29\\.", "[\\w-]", 20],
  ["GOCSPX-", "[\\w-]", 20],
  ["hf_", "[A-Za-z]", 30],
  ["api_org_", "[A-Za-z]", 30],
  ["gsk_", "[A-Za-z0-9]", 40],
  ["pplx-", "[A-Za-z0-9]", 40],
  ["r8_", "[A-Za-z0-9]", 30],
  ["hv[sbr]\\.", "[\\w-]", 24],
  ["pul-", "[a-f0-9]", 40],
  ["do[opr]_v1_", "[a-f0-9]", 40],
  ["dapi", "[a-f0-9]", 32],
  ["dckr_(?:pat|oat)_", "[\\w-]", 20],
  ["dp\\.(?:pt|st|ct|sa|scim|audit)\\.", "[\\w.-]", 30],
  ["dt0[a-z]\\d{2}\\.", "[A-Za-z0-9.]", 40],
  ["SG\\.", "[\\w-]{16,}\\.[\\w-]", 16],
  ["(?:xkeysib|key)-", "[a-f0-9]", 32],
  ["shp(?:at|ca|pa|ss)_", "[a-fA-F0-9]", 32],
  ["sq0(?:atp|csp)-", "[\\w-]", 20],
  ["(?:glsa|glc)_", "[\\w+/=]", 30],
  ["sntry[su]_", "[\\w+/=]", 30],
  ["PMAK-", "[a-f0-9-]", 30],
  ["lin_api_", "[A-Za-z0-9]", 30],
  ["ntn_", "[A-Za-z0-9]", 30],
  ["secret_", "[A-Za-z0-9]", 40],
  ["figd_", "[\\w-]", 30],
  ["NRAK-", "[A-Z0-9]", 20],
  ["HRKU-AA", "[\\w-]", 30],
  ["AKCp", "[A-Za-z0-9]", 50],
  ["fo1_", "[\\w-]", 40],
  ["fm[12][ar]?_", "[A-Za-z0-9+/]", 60],
  ["pscale_(?:tkn|pw|oauth)_", "[\\w=.-]", 30],
  ["(?:sbp|sb_secret)_", "[\\w-]", 20],
  ["ops_eyJ", "[A-Za-z0-9+/=]", 60],
  ["AGE-SECRET-KEY-1", "[A-Z0-9]", 40],
  ["sha256~", "[\\w-]", 43],
  ["tskey-[a-z]+-", "[\\w-]", 16],
  ["FLWSECK(?:_TEST)?-", "[a-z0-9-]", 12],
  ["EZ[AT]K", "[A-Za-z0-9]", 50],
  ["SK", "[0-9a-f]", 32],
  ["rdme_", "[a-z0-9]", 60],
  ["sgp_", "[a-fA-F0-9_]", 40],
  ["CCIPAT_", "[A-Za-z0-9_]", 30],
  ["bkua_", "[a-f0-9]", 40],
  ["cf(?:ut|at|k)_", "[A-Za-z0-9]", 40],
];

const others = [
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----/,
  /\b[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{40,}/,
  /hooks\.slack\.com\/(?:services|workflows|triggers)\/[A-Za-z0-9+/]{20,}/,
  /\.webhook\.office\.com\/webhookb2\/[\w@-]{36,}/,
  /discord(?:app)?\.com\/api\/webhooks\/\d{10,}\/[\w-]{30,}/,
  /(?<![\w~.])[\w~.]{3}\dQ~[\w~.-]{31,34}(?![\w~.-])/,
  /"auths?"\s*:\s*"[A-Za-z0-9+/=]{8,}"/,
  /"(?:password|passwd|client_?secret|secret_?(?:access_?)?key|api_?key|access_?token|auth_?token|private_?key)"\s*:\s*"(?![$%{<*])[^"]{3,}"/i,
  /\b\d{8,10}:AA[\w-]{32,33}(?![\w-])/,
];

const format = new RegExp(
  `(?<![A-Za-z0-9_])(?:${prefixed.map(([prefix, characters, atLeast]) => `${prefix}${characters}{${atLeast},}`).join("|")})`,
);

/** Whether a value is, or holds, a credential of a known form. */
export function holdsToken(value: string): boolean {
  return value.length > 12 && (format.test(value) || others.some((other) => other.test(value)));
}

/** Whether a value is the id of an AWS access key. */
export function isAwsKeyId(value: string): boolean {
  return new RegExp(`^(?:${awsKey})[0-9A-Z]{16}$`).test(value);
}

/** Whether a value holds a URL with a password in it. A reference to a variable is none, nor a word that stands for one. */
export function holdsUrlPassword(value: string): boolean {
  return /[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:(?![$%{<[*])(?!x{3,}@)[^/\s:@]+@/i.test(value);
}

/** Whether a value holds a password as connection strings write it: `Password=x;`, `password=x host=y`, `AccountKey=x`. */
export function holdsConnectionPassword(value: string): boolean {
  const isString =
    /(?:^|[;\s"'])(?:server|host|hostaddr|data source|datasource|address|addr|user id|uid|user|username|database|initial catalog|dbname|accountname|endpoint|sharedaccesskeyname|hostname|port)\s*=/i;
  const named = /(?:^|[;\s"'])(?:password|pwd|pass|accountkey|sharedaccesskey|sharedsecret|secret|sig)\s*=\s*["']?(?![$%{<*])[^;\s"']+/i;
  return isString.test(value) && named.test(value);
}
