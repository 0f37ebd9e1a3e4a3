/** The parser of smol-toml. The build copies it. */
export function parse(text: string, options: { integersAsBigInt: true }): unknown;
