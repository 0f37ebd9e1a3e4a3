// What is proven of a transfer beside its state, in the shape of the report.
import type { TransferVerdict } from "spanlight/module";

export type { Difference, Execution, Operator, Request, Sealed } from "./report-types.ts";
import type { Difference, Execution, Operator, Request } from "./report-types.ts";

/** The proven parts; each is absent where its checks have not passed. */
export interface Proven {
  request: Request | null;
  execution: Execution | null;
  differences: Difference[];
  operators: Operator[] | null;
}

export function provenOf(transfer: TransferVerdict): Proven {
  const { request = null, execution = null, differences = [], operators = null } = transfer as TransferVerdict & Partial<Proven>;
  return { request, execution, differences, operators };
}
