/** What docs/openapi.yaml says of each call: which parameters and body it takes, and what comes back. */

import type { paths } from "./schema.js";

export type Method = "get" | "post" | "put" | "patch" | "delete";

/** The addresses that know a method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends { [K in M]: { responses: unknown } } ? P : never;
}[keyof paths];

type Operation<P extends keyof paths, M extends Method> = paths[P] extends { [K in M]: infer O } ? O : never;
type Parameters<O> = O extends { parameters: infer X } ? X : never;
type Named<O, Where extends string> = Parameters<O> extends { [K in Where]?: infer X } ? NonNullable<X> : never;

/** The names in the address, the query, and the body; `key` as the Idempotency-Key, if not a new one. */
export interface Call<P extends keyof paths, M extends Method> {
  path?: Named<Operation<P, M>, "path">;
  query?: Named<Operation<P, M>, "query">;
  body?: Operation<P, M> extends { requestBody?: { content: { "application/json": infer B } } } ? B : never;
  key?: string;
}

export type Reply<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { responses: { 200: { content: { "application/json": infer R } } } } ? R : unknown;
