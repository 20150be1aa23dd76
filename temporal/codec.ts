import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import type { DataConverter, PayloadCodec } from '@temporalio/common';
import { SwarmError } from '../domain/errors.js';
import { deflateCodec } from './deflate-codec.js';

/** What clients and workers put between a value and history: large payloads are deflated, then passed to the hook for encrypting, a module that `CF_PAYLOAD_CODEC` names and that exports `payloadCodecs`. */
export const loadDataConverter = async (environment: Readonly<Record<string, string | undefined>>): Promise<DataConverter> => {
  const file = environment['CF_PAYLOAD_CODEC'];
  if (!file) return { payloadCodecs: [deflateCodec] };
  const module = (await import(pathToFileURL(resolve(file)).href).catch((error: unknown) => {
    throw bad(file, error instanceof Error ? error.message : String(error));
  })) as { payloadCodecs?: PayloadCodec[] };
  if (!Array.isArray(module.payloadCodecs)) throw bad(file, 'It does not export an array named payloadCodecs.');
  return { payloadCodecs: [deflateCodec, ...module.payloadCodecs] };
};

const bad = (file: string, why: string): SwarmError =>
  new SwarmError({ code: 'invalid_input', message: `The payload codec ${file} can't be loaded.`, why, fix: 'Point CF_PAYLOAD_CODEC at a module that exports payloadCodecs.' });
