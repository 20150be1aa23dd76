/** Tokens, money and model calls of one swarm: reserved before a call, settled after it, so that racing calls can't overshoot. */

/** What can be limited: tokens, micro-USD, and calls that a model answered (the steps of a swarm). */
export const BUDGET_KINDS = ['tokens', 'microUsd', 'calls'] as const;
export type BudgetKind = (typeof BUDGET_KINDS)[number];

/** Null = no limit. */
export interface BudgetLimits {
  readonly tokens: number | null;
  readonly microUsd: number | null;
  /** Absent in records older than this limit. */
  readonly calls?: number | null;
}

/** Limits as somebody wants them; what is left out stays. */
export type WantedLimits = { readonly [K in BudgetKind]?: number | null | undefined };

export interface Budget extends BudgetLimits {
  readonly spent: Amount;
  readonly reserved: Amount;
}

export interface Amount {
  readonly tokens: number;
  readonly microUsd: number;
  /** Absent in records older than this limit. */
  readonly calls?: number;
}

/** Micro-USD per million tokens, as the provider lists it; null where the price is not known. */
export interface Price {
  readonly inputMicroUsdPerMillion: number;
  readonly outputMicroUsdPerMillion: number;
}

const amountOf = (of: (kind: BudgetKind) => number): Amount => ({ tokens: of('tokens'), microUsd: of('microUsd'), calls: of('calls') });
const inAmount = (amount: Amount, kind: BudgetKind): number => amount[kind] ?? 0;
const limitOf = (limits: WantedLimits, kind: BudgetKind): number | null => limits[kind] ?? null;

export const NOTHING: Amount = amountOf(() => 0);

const limitsBy = (of: (kind: BudgetKind) => number | null): Required<BudgetLimits> => ({ tokens: of('tokens'), microUsd: of('microUsd'), calls: of('calls') });

/** The limits with those that are wanted in their place. */
export const limitsIn = (limits: BudgetLimits, wanted: WantedLimits = {}): Required<BudgetLimits> => limitsBy((kind) => limitOf(wanted, kind) ?? limitOf(limits, kind));

export const openBudget = (limits: BudgetLimits): Budget => ({ ...limitsIn(limits), spent: NOTHING, reserved: NOTHING });

export const plus = (a: Amount, b: Amount): Amount => amountOf((kind) => inAmount(a, kind) + inAmount(b, kind));
const minus = (a: Amount, b: Amount): Amount => amountOf((kind) => inAmount(a, kind) - inAmount(b, kind));

/** Cost in micro-USD, rounded up; null where the price is unknown (never 0). */
export const costOf = (price: Price | null, inputTokens: number, outputTokens: number): number | null =>
  price === null ? null : Math.ceil((inputTokens * price.inputMicroUsdPerMillion + outputTokens * price.outputMicroUsdPerMillion) / 1e6);

/** Upper bound of one call: every prompt byte counted as a token, the whole output allowance used. */
export const upperBound = (price: Price | null, promptBytes: number, maxOutputTokens: number): Amount => ({
  tokens: promptBytes + maxOutputTokens,
  microUsd: costOf(price, promptBytes, maxOutputTokens) ?? 0,
  calls: 1,
});

/** True where nothing is limited, so that reservations need not be kept. */
export const isUnlimited = (budget: Budget): boolean => BUDGET_KINDS.every((kind) => limitOf(budget, kind) === null);

export const hasSameLimits = (a: BudgetLimits, b: BudgetLimits): boolean => BUDGET_KINDS.every((kind) => limitOf(a, kind) === limitOf(b, kind));

/** The budget with `amount` set aside, or null when it does not fit beside what is spent and reserved. */
export const reserve = (budget: Budget, amount: Amount): Budget | null => {
  const reserved = plus(budget.reserved, amount);
  const taken = plus(budget.spent, reserved);
  return BUDGET_KINDS.every((kind) => inAmount(taken, kind) <= (limitOf(budget, kind) ?? Number.POSITIVE_INFINITY)) ? { ...budget, reserved } : null;
};

/** Gives back a reservation and books what the call really used. */
export const settle = (budget: Budget, reserved: Amount, used: Amount): Budget => ({
  ...budget,
  reserved: minus(budget.reserved, reserved),
  spent: plus(budget.spent, used),
});

/** What each of several members is leased of `free`, in proportion to its weight; rounded down, so that the shares never add up to more. */
export const shareOf = (free: Amount, weights: readonly number[]): readonly Amount[] => {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => (total === 0 ? NOTHING : amountOf((kind) => Math.floor((inAmount(free, kind) * weight) / total))));
};

/** What nobody has spent and nobody was leased; without a limit, nothing is counted. */
export const freeOf = (budget: Budget, spent: Amount, leases: readonly Amount[]): Amount => {
  const taken = leases.reduce(plus, spent);
  return amountOf((kind) => Math.max(0, (limitOf(budget, kind) ?? 0) - inAmount(taken, kind)));
};

/** What was added from one setting of the limits to the next; nothing where there is no limit. */
export const raisedBy = (before: BudgetLimits, now: BudgetLimits): Amount =>
  amountOf((kind) => {
    const [from, to] = [limitOf(before, kind), limitOf(now, kind)];
    return from === null || to === null ? 0 : Math.max(0, to - from);
  });

/** The limits of a member, as its lease sets them. */
export const limitsOf = (limits: BudgetLimits, lease: Amount): BudgetLimits => limitsBy((kind) => (limitOf(limits, kind) === null ? null : inAmount(lease, kind)));

/** Why the limits can't be set to `wanted`, or null: only upwards, and only what is limited. */
export const raiseRefusal = (limits: BudgetLimits, wanted: WantedLimits): string | null => {
  const raised = BUDGET_KINDS.filter((kind) => limitOf(wanted, kind) !== null);
  if (raised.some((kind) => limitOf(limits, kind) === null)) return 'The swarm has no such limit, so there is nothing to raise.';
  if (raised.some((kind) => (limitOf(wanted, kind) ?? 0) < (limitOf(limits, kind) ?? 0))) return 'A budget can be raised, not lowered: what has been set aside is already spent.';
  return null;
};

const AS_TEXT: Readonly<Record<BudgetKind, (value: number) => string>> = {
  tokens: (value) => `${value} ${value === 1 ? 'token' : 'tokens'}`,
  microUsd: (value) => `$${value / 1e6}`,
  calls: (value) => `${value} ${value === 1 ? 'call' : 'calls'}`,
};

/** An amount as people read it, of the kinds that are limited only. */
export const amountText = (amount: Amount, limits: BudgetLimits): string =>
  BUDGET_KINDS.filter((kind) => limitOf(limits, kind) !== null)
    .map((kind) => AS_TEXT[kind](inAmount(amount, kind)))
    .join(', ');
