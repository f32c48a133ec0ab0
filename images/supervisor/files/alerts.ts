// What Alertmanager says is wrong now.
export interface Alert {
  readonly name: string;
  readonly severity: string;
  readonly session: string;
  /** RFC 3339. */
  readonly since: string;
  readonly summary: string;
  /** Somebody asked not to be told of it. */
  readonly silenced: boolean;
}

/** @returns undefined where it does not answer */
export async function askAlerts(address: string): Promise<readonly Alert[] | undefined> {
  try {
    const answer = await fetch(`${address}/api/v2/alerts`, { signal: AbortSignal.timeout(2000), redirect: "error" });
    if (!answer.ok) return undefined;
    return ((await answer.json()) as readonly Told[]).map(alertOf);
  } catch {
    return undefined;
  }
}

interface Told {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly startsAt?: string;
  readonly status?: { readonly state?: string };
}

const alertOf = ({ labels = {}, annotations = {}, startsAt = "", status }: Told): Alert => ({
  name: labels.alertname ?? "",
  severity: labels.severity ?? "",
  session: labels.session ?? "",
  since: startsAt,
  summary: annotations.summary ?? annotations.description ?? "",
  silenced: status?.state === "suppressed",
});
