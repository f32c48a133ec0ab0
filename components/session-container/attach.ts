/** Enters the terminal that the image's session-agent opens for the agent. */
export const terminal = "tmux attach -t claude";

/** A line for a shell that enters a session's terminal. @param container its name */
export const attachCommand = (container: string): string => `docker exec -it ${container} ${terminal}`;
