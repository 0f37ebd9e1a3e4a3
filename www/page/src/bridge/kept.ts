// Judged rows in IndexedDB, so that a long range can be gone on with after the page was closed.
import type { Row } from "./row.ts";

const NAME = "spanlight";
const ROWS = "rows";
const AT_ONCE = 1000;

function promised<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(ROWS, { keyPath: ["scope", "place"] });
  return promised(request);
}

// 64-bit numbers are no keys; as text of one length they keep their order.
function place(nonce: bigint): string {
  return nonce.toString().padStart(20, "0");
}

interface KeptRow {
  scope: string;
  place: string;
  row: Row;
}

function range(scope: string, first: bigint, last: bigint): IDBKeyRange {
  return IDBKeyRange.bound([scope, place(first)], [scope, place(last)]);
}

/** Keeps rows. `scope` names trust, direction and what else they rest on: rows of another one mean nothing here. */
export async function keepRows(scope: string, rows: readonly Row[]): Promise<void> {
  const database = await open();
  try {
    const change = database.transaction(ROWS, "readwrite");
    const store = change.objectStore(ROWS);
    for (const row of rows) store.put({ scope, place: place(row.nonce), row } satisfies KeptRow);
    await new Promise<void>((resolve, reject) => {
      change.oncomplete = () => resolve();
      change.onabort = change.onerror = () => reject(change.error);
    });
  } finally {
    database.close();
  }
}

/** Hands over what is kept of a range, some at a time so that the page stays quick. */
export async function keptRows(scope: string, first: bigint, last: bigint, take: (rows: unknown[]) => void): Promise<void> {
  const database = await open();
  try {
    for (let next = first; next <= last; ) {
      const found = (await promised(database.transaction(ROWS).objectStore(ROWS).getAll(range(scope, next, last), AT_ONCE))) as KeptRow[];
      take(found.filter(({ row, place }) => row?.nonce === BigInt(place)).map(({ row }) => row));
      const end = found.at(-1);
      if (end === undefined || found.length < AT_ONCE) return;
      next = BigInt(end.place) + 1n;
    }
  } finally {
    database.close();
  }
}

/** Forgets a range. */
export async function dropRows(scope: string, first: bigint, last: bigint): Promise<void> {
  const database = await open();
  try {
    await promised(database.transaction(ROWS, "readwrite").objectStore(ROWS).delete(range(scope, first, last)));
  } finally {
    database.close();
  }
}

/** Forgets the rows of every scope. */
export async function dropAllRows(): Promise<void> {
  const database = await open();
  try {
    await promised(database.transaction(ROWS, "readwrite").objectStore(ROWS).clear());
  } finally {
    database.close();
  }
}
