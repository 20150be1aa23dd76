/** Everything environment and files decide, parsed once (contract.md: flag → environment → .env → project → user → default). */
export interface Settings {
  /** `CF_HOME`, absolute; the platform's data folder unless told. */
  readonly home: string;
  /** Model asked for by flag, environment or file; null lets the order of choice decide. */
  readonly model: { readonly ref: string; readonly from: string } | null;
  readonly providers: ProviderSettings;
  readonly api: { readonly port: number; readonly host: string };
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** True when `TEMPORAL_ADDRESS`, a profile or `temporal.toml` names a server: then nothing local is started. */
  readonly remoteTemporal: boolean;
  /** `CF_TEMPORAL_BIN`. */
  readonly temporalBin: string | null;
  readonly seed: string | null;
  /** Which source gave each value, for `cf config show`. */
  readonly sources: Readonly<Record<string, string>>;
  /** Directory the project files were looked up from. */
  readonly cwd: string;
}

/** Where each provider is reached and with which key; keys never leave the worker process and this record. */
export interface ProviderSettings {
  readonly anthropic: { readonly apiKey: string | null; readonly baseUrl: string | null };
  readonly openai: { readonly apiKey: string | null; readonly baseUrl: string | null };
  /** Any OpenAI-compatible server; `baseUrl` from `CF_COMPAT_BASE_URL`, or what the probe found. */
  readonly compat: { readonly apiKey: string | null; readonly baseUrl: string | null; readonly ollamaHost: string | null };
  /** Path of a `sim/scripted` YAML script (`CF_SIM_SCRIPT`). */
  readonly simScript: string | null;
}
