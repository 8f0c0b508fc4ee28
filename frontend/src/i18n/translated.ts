/** The shape another language must have: the keys of English, any words. */

/** Some languages count in one more form than English: French says "un million de …". */
type MoreForms<T> = {
  readonly [K in keyof T as K extends `${infer Base}_other` ? `${Base}_many` : never]?: string;
};

export type Translated<T> = {
  readonly [K in keyof T]: T[K] extends string
    ? string
    : T[K] extends readonly string[]
      ? readonly string[]
      : Translated<T[K]>;
} & MoreForms<T>;
