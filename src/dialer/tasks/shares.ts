// Knows how room on a line is shared among accounts and among the tasks of an account: each in its turn, by weight. Pure. Does not know lines or numbers.

export type Claimant = {
  task: number
  account: string
  /** Twice the weight, twice the share among the tasks of an account. */
  weight: number
  /** Numbers that it could have called now. */
  want: number
}

/** How far each account and task has been served, in calls by weight: who is least far is next. */
export type Turns = { accounts: ReadonlyMap<string, number>; tasks: ReadonlyMap<number, number> }
export const noTurns: Turns = { accounts: new Map(), tasks: new Map() }

/**
 * Shares `slots` out. Nobody is served while somebody else who wants is less far; who comes new starts where the others are and makes up for nothing.
 * Answers the share of each task and the turns for the next time. Source: stride scheduling (Waldspurger and Weihl, 1995), in two levels.
 */
export function shareOut(slots: number, claimants: readonly Claimant[], turns: Turns): { shares: Map<number, number>; turns: Turns } {
  const wanting = claimants.filter(({ want }) => want > 0)
  const byAccount = Map.groupBy(wanting, ({ account }) => account)
  const accounts = entered([...byAccount.keys()], turns.accounts)
  const tasks = new Map<number, number>()
  for (const those of byAccount.values()) for (const [task, at] of entered(those.map(({ task }) => task), turns.tasks)) tasks.set(task, at)
  const left = new Map(wanting.map(({ task, want }) => [task, want]))
  const shares = new Map<number, number>()
  for (let given = 0; given < slots; given += 1) {
    const account = leastFar([...byAccount.keys()].filter((name) => byAccount.get(name)!.some(({ task }) => left.get(task)! > 0)), accounts)
    if (account === undefined) break
    const those = byAccount.get(account)!.filter(({ task }) => left.get(task)! > 0)
    const task = leastFar(those.map(({ task: id }) => id), tasks)!
    const { weight } = those.find(({ task: id }) => id === task)!
    left.set(task, left.get(task)! - 1)
    shares.set(task, (shares.get(task) ?? 0) + 1)
    tasks.set(task, tasks.get(task)! + 1 / weight)
    accounts.set(account, accounts.get(account)! + 1)
  }
  return { shares, turns: { accounts, tasks } }
}

/** Where each of them stands; newcomers where the least far of the others is. */
function entered<Name>(names: readonly Name[], before: ReadonlyMap<Name, number>): Map<Name, number> {
  const known = names.flatMap((name) => before.get(name) ?? [])
  const start = known.length === 0 ? 0 : Math.min(...known)
  return new Map(names.map((name) => [name, before.get(name) ?? start]))
}

function leastFar<Name>(names: readonly Name[], at: ReadonlyMap<Name, number>): Name | undefined {
  let best: Name | undefined
  for (const name of names) if (best === undefined || at.get(name)! < at.get(best)!) best = name
  return best
}
