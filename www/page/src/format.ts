// Numbers, times and hashes as people read them, in the language that is shown.
import { language, text } from "./text/index.ts";

/** The beginning and the end of a hash or address. */
export function short(hash: string): string {
  return hash.length > 16 ? `${hash.slice(0, 8)}…${hash.slice(-6)}` : hash;
}

export function number(value: number | bigint | string): string {
  return typeof value === "string" ? value : value.toLocaleString(language.value);
}

/** A date and time of this device's zone, with the zone. */
export function time(seconds: number | bigint | string): string {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return String(seconds);
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "long" }).format(date);
}

export function duration(seconds: number): string {
  const units = text.value.settings.time_units;
  for (const [size, unit] of [[86_400, units.day], [3_600, units.hour], [60, units.minute]] as const) {
    if (seconds >= size && seconds % size === 0) return `${number(seconds / size)} ${unit}`;
  }
  return `${number(seconds)} ${units.second}`;
}

const COIN_DIGITS = 18;

/** An amount of the smallest unit in whole coins, exactly. */
export function coins(amount: string): string {
  const digits = amount.padStart(COIN_DIGITS + 1, "0");
  const whole = BigInt(digits.slice(0, -COIN_DIGITS)).toLocaleString(language.value);
  const rest = digits.slice(-COIN_DIGITS).replace(/0+$/, "");
  return rest === "" ? whole : `${whole}.${rest}`;
}
