// A payload codec for tests: every byte turned over, under an encoding of its own. It shows what passes the hook; it protects nothing.
// A payload of nothing, such as that of an activity without a result, has no data.
const turn = (data) => data?.map((byte) => byte ^ 0xff);
const { encode } = { encode: (text) => new TextEncoder().encode(text) };
export const payloadCodecs = [
  {
    encode: async (payloads) => payloads.map(({ metadata, data }) => ({ metadata: { encoding: encode('binary/turned'), was: metadata.encoding }, data: turn(data) })),
    decode: async (payloads) => payloads.map((payload) => (new TextDecoder().decode(payload.metadata.encoding) === 'binary/turned' ? { metadata: { encoding: payload.metadata.was }, data: turn(payload.data) } : payload)),
  },
];
