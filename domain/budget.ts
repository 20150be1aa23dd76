/** Tokens and money of one swarm: reserved before a call, settled after it, so that racing calls can't overshoot. */
export interface BudgetLimits {
  /** Null = no limit. */
  readonly tokens: number | null;
  /** Micro-USD; null = no limit. */
  readonly microUsd: number | null;
}

export interface Budget extends BudgetLimits {
  readonly spent: Amount;
  readonly reserved: Amount;
}

export interface Amount {
  readonly tokens: number;
  readonly microUsd: number;
}

/** Micro-USD per million tokens, as the provider lists it; null where the price is not known. */
export interface Price {
  readonly inputMicroUsdPerMillion: number;
  readonly outputMicroUsdPerMillion: number;
}

export const NOTHING: Amount = { tokens: 0, microUsd: 0 };

export const openBudget = (tokens: number | null, microUsd: number | null): Budget => ({
  tokens,
  microUsd,
  spent: NOTHING,
  reserved: NOTHING,
});

export const plus = (a: Amount, b: Amount): Amount => ({ tokens: a.tokens + b.tokens, microUsd: a.microUsd + b.microUsd });
const minus = (a: Amount, b: Amount): Amount => ({ tokens: a.tokens - b.tokens, microUsd: a.microUsd - b.microUsd });

/** Cost in micro-USD, rounded up; null where the price is unknown (never 0). */
export const costOf = (price: Price | null, inputTokens: number, outputTokens: number): number | null =>
  price === null ? null : Math.ceil((inputTokens * price.inputMicroUsdPerMillion + outputTokens * price.outputMicroUsdPerMillion) / 1e6);

/** Upper bound of one call: every prompt byte counted as a token, the whole output allowance used. */
export const upperBound = (price: Price | null, promptBytes: number, maxOutputTokens: number): Amount => ({
  tokens: promptBytes + maxOutputTokens,
  microUsd: costOf(price, promptBytes, maxOutputTokens) ?? 0,
});

const fits = (limit: number | null, taken: number): boolean => limit === null || taken <= limit;

/** True where nothing is limited, so that reservations need not be kept. */
export const isUnlimited = (budget: Budget): boolean => budget.tokens === null && budget.microUsd === null;

/** The budget with `amount` set aside, or null when it does not fit beside what is spent and reserved. */
export const reserve = (budget: Budget, amount: Amount): Budget | null => {
  const reserved = plus(budget.reserved, amount);
  const taken = plus(budget.spent, reserved);
  return fits(budget.tokens, taken.tokens) && fits(budget.microUsd, taken.microUsd) ? { ...budget, reserved } : null;
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
  return weights.map((weight) => (total === 0 ? NOTHING : { tokens: Math.floor((free.tokens * weight) / total), microUsd: Math.floor((free.microUsd * weight) / total) }));
};

/** What nobody has spent and nobody was leased; without a limit, nothing is counted. */
export const freeOf = (budget: Budget, spent: Amount, leases: readonly Amount[]): Amount => {
  const left = (limit: number | null, used: number, leased: number): number => (limit === null ? 0 : Math.max(0, limit - used - leased));
  const leased = leases.reduce((sum, { tokens, microUsd }) => ({ tokens: sum.tokens + tokens, microUsd: sum.microUsd + microUsd }), NOTHING);
  return { tokens: left(budget.tokens, spent.tokens, leased.tokens), microUsd: left(budget.microUsd, spent.microUsd, leased.microUsd) };
};

/** What was added from one setting of the limits to the next; nothing where there is no limit. */
export const raisedBy = (before: BudgetLimits, now: BudgetLimits): Amount => {
  const more = (from: number | null, to: number | null): number => (from === null || to === null ? 0 : Math.max(0, to - from));
  return { tokens: more(before.tokens, now.tokens), microUsd: more(before.microUsd, now.microUsd) };
};

/** The limits of a member, as its lease sets them. */
export const limitsOf = ({ tokens, microUsd }: BudgetLimits, lease: Amount): BudgetLimits => ({
  tokens: tokens === null ? null : lease.tokens,
  microUsd: microUsd === null ? null : lease.microUsd,
});

/** Why the limits can't be set to `wanted`, or null: only upwards, and only what is limited. */
export const raiseRefusal = (limits: BudgetLimits, wanted: Partial<BudgetLimits>): string | null => {
  const kinds = ['tokens', 'microUsd'] as const;
  if (kinds.some((kind) => wanted[kind] !== undefined && limits[kind] === null)) return 'The swarm has no such limit, so there is nothing to raise.';
  if (kinds.some((kind) => (wanted[kind] ?? Number.POSITIVE_INFINITY) < (limits[kind] ?? 0)))
    return 'A budget can be raised, not lowered: what has been set aside is already spent.';
  return null;
};
