import type { Report, TransferVerdict } from "spanlight/module";
export function Picture(_: { transfer: TransferVerdict; report: Report }) {
  return null;
}
