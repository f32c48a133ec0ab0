/** Swallows an answer of the engine by its status: 304 is "so already", 404 "not there", 409 "being removed". */
export function ignore(...statuses: number[]): (error: unknown) => void {
  return (error) => {
    if (!statuses.includes((error as { statusCode?: number }).statusCode ?? 0)) throw error;
  };
}
