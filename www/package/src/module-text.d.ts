/** The two parts of the module as base64. The build writes them. */
export const judging: string;
export const gathering: string;
