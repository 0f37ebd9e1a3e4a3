/** The module as base64. The build writes it. */
export const base64: string;
