import type { Connection } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import proto from '@temporalio/proto';
import { SwarmError } from '../domain/errors.js';
import { SEARCH_ATTRIBUTES } from '../domain/names.js';
import type { SwarmInput } from '../domain/swarm-input.js';

const KEYS = {
  status: defineSearchAttributeKey('CfStatus', SearchAttributeType.KEYWORD),
  topology: defineSearchAttributeKey('CfTopology', SearchAttributeType.KEYWORD),
  tenant: defineSearchAttributeKey('CfTenant', SearchAttributeType.KEYWORD),
  model: defineSearchAttributeKey('CfModel', SearchAttributeType.KEYWORD),
  simulated: defineSearchAttributeKey('CfSimulated', SearchAttributeType.BOOL),
  tokens: defineSearchAttributeKey('CfTokens', SearchAttributeType.INT),
} as const;

/** What a swarm starts with in the visibility store. */
export const attributesOf = ({ topology, tenant, model }: SwarmInput): TypedSearchAttributes =>
  new TypedSearchAttributes([
    { key: KEYS.status, value: 'running' },
    { key: KEYS.topology, value: topology },
    { key: KEYS.tenant, value: tenant },
    { key: KEYS.model, value: model.ref },
    { key: KEYS.simulated, value: model.simulated },
    { key: KEYS.tokens, value: 0 },
  ]);

const { IndexedValueType } = proto.temporal.api.enums.v1;
const INDEXED = { KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD, BOOL: IndexedValueType.INDEXED_VALUE_TYPE_BOOL, INT: IndexedValueType.INDEXED_VALUE_TYPE_INT } as const;

/** Names of ours that the namespace does not have yet. */
export const missingSearchAttributes = async (connection: Connection, namespace: string): Promise<readonly (keyof typeof SEARCH_ATTRIBUTES)[]> => {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return (Object.keys(SEARCH_ATTRIBUTES) as (keyof typeof SEARCH_ATTRIBUTES)[]).filter((name) => !(name in (customAttributes ?? {})));
};

/** Registers what is missing; two processes doing so at once do no harm. */
export const ensureSearchAttributes = async (connection: Connection, namespace: string): Promise<void> => {
  const missing = await missingSearchAttributes(connection, namespace);
  if (missing.length === 0) return;
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing.map((name) => [name, INDEXED[SEARCH_ATTRIBUTES[name]]])) });
  } catch (error) {
    if ((await missingSearchAttributes(connection, namespace)).length === 0) return;
    throw new SwarmError({
      code: 'forbidden',
      message: `The search attributes ${missing.join(', ')} could not be registered.`,
      why: error instanceof Error ? error.message : String(error),
      fix: 'Register them by hand: temporal operator search-attribute create --name … --type …',
      cause: error,
    });
  }
};
