import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { reportOf } from '../domain/errors.js';

/** A tool's answer: the structured document and a short text for models that read only text. */
export const answer = (text: string, document: object): CallToolResult => ({ content: [{ type: 'text', text }], structuredContent: { ...document } });

/** Whatever the façade threw, as a result that the model can act on; a protocol error would hide it. */
export const failed = (error: unknown): CallToolResult => {
  const { code, message, why, fix } = reportOf(error);
  return { isError: true, content: [{ type: 'text', text: `${code}: ${message}\nWhy: ${why}\nFix: ${fix}` }] };
};
