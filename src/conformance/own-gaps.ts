// What this project's own server does not do yet: the id of a case, or its beginning, and why. A case that is here and passes fails the suite's own test, so
// that this list is never longer than it must be.

export const ownGaps: Readonly<Record<string, string>> = {
  'callin/': 'calls in are not answered yet',
}
