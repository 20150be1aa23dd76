import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { Payload, PayloadCodec } from '@temporalio/common';

/** Payloads from this size on are deflated; smaller ones stay readable in the Web UI. Bytes. */
const DEFLATE_FROM = 8 * 1024;
/** A payload may not grow beyond this when it is read: a few bytes of history must not fill a worker's memory. */
const MAX_INFLATED = 64 * 1024 * 1024;
/** The start input of a swarm is what people open first in the Web UI: it stays readable up to this size. */
const READABLE_INPUT = 256 * 1024;
const INPUT_BEGINS = '{"swarmId":';
const ENCODING = 'binary/deflate';
const INNER = 'cf-encoding';

const [deflate, inflate] = [promisify(deflateRaw), promisify(inflateRaw)];

const deflated = async (payload: Payload): Promise<Payload> => {
  const { data, metadata } = payload;
  if (!data || data.length < DEFLATE_FROM || !metadata?.['encoding']) return payload;
  if (data.length <= READABLE_INPUT && Buffer.from(data.subarray(0, INPUT_BEGINS.length)).toString() === INPUT_BEGINS) return payload;
  const small = await deflate(data);
  return small.length < data.length ? { ...payload, metadata: { ...metadata, encoding: Buffer.from(ENCODING), [INNER]: metadata['encoding'] }, data: small } : payload;
};

const inflated = async (payload: Payload): Promise<Payload> => {
  const { data, metadata } = payload;
  const encoding = metadata?.['encoding'];
  if (!data || !encoding || Buffer.from(encoding).toString() !== ENCODING) return payload;
  const { [INNER]: inner, ...rest } = metadata;
  return { ...payload, metadata: { ...rest, ...(inner ? { encoding: inner } : {}) }, data: await inflate(data, { maxOutputLength: MAX_INFLATED }) };
};

/** Keeps what is large small in history: a page of a graph or a batch of events takes a fifth to a tenth of its size. */
export const deflateCodec: PayloadCodec = {
  encode: (payloads) => Promise.all(payloads.map(deflated)),
  decode: (payloads) => Promise.all(payloads.map(inflated)),
};
