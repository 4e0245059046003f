// What the HTTP faces ask of accounts. Does not know keys' storage, ledgers or SQL; src/account implements it, app.ts joins the two.

/** All money in 厘 (0.001 RMB). */
export type Balance = { balanceLi: number; heldLi: number }

export interface AccountDesk {
  /** The account of a key. Undefined: unknown, revoked or malformed key. `admin`: it may change what belongs to the whole installation. */
  authenticate(key: string): Promise<{ accountId: string; admin: boolean } | undefined>
  balance(accountId: string): Promise<Balance>
  webhook(accountId: string): Promise<{ url: string | undefined }>
  /**
   * Sets or (undefined) removes the address that call reports are sent to. A new address gets a new secret, shown here and never again.
   * Errors: InvalidInputError when the address may not be used (private network, not http/https).
   */
  setWebhook(accountId: string, url: string | undefined): Promise<{ url: string | undefined; secret: string | undefined }>
}
