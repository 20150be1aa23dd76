import type { PromptPart } from './model-call.js';

/** The prompt as the model reads it: one headed section a part, references replaced by their texts; nothing else is added. */
export const renderPrompt = (parts: readonly PromptPart[], texts: ReadonlyMap<string, string>): string =>
  parts.map((part) => `## ${part.heading}\n\n${'ref' in part ? (texts.get(part.ref) ?? '') : part.text}`).join('\n\n');
