import generated from './products.json'

/** A product, with metadata as the reference server serves it when it emulates the product. */
export interface Product {
  readonly id: string
  readonly name: string
  /** The page of the site that says what is known about it. */
  readonly page: string
  /** The profile of a product that its issuer does not show. */
  readonly profile?: string
  readonly metadata: Readonly<Record<string, unknown>> & { readonly issuer: string }
}

/** Written by `pnpm playground-presets`. */
export const products: readonly Product[] = generated
