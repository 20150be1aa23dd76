import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import type { DataConverter, PayloadCodec } from '@temporalio/common';
import { SwarmError } from '../domain/errors.js';

/** The hook for encrypting history: `CF_PAYLOAD_CODEC` names a module that exports `payloadCodecs`; clients and workers load the same one. */
export const loadDataConverter = async (environment: Readonly<Record<string, string | undefined>>): Promise<DataConverter> => {
  const file = environment['CF_PAYLOAD_CODEC'];
  if (!file) return {};
  const module = (await import(pathToFileURL(resolve(file)).href).catch((error: unknown) => {
    throw bad(file, error instanceof Error ? error.message : String(error));
  })) as { payloadCodecs?: PayloadCodec[] };
  if (!Array.isArray(module.payloadCodecs)) throw bad(file, 'It does not export an array named payloadCodecs.');
  return { payloadCodecs: module.payloadCodecs };
};

const bad = (file: string, why: string): SwarmError =>
  new SwarmError({ code: 'invalid_input', message: `The payload codec ${file} can't be loaded.`, why, fix: 'Point CF_PAYLOAD_CODEC at a module that exports payloadCodecs.' });
