// The TypeScript examples of README and API reference: each compiles strictly, and what jsii makes of it in other languages can be parsed there.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { Cleanup } from '../../scripts/support/cleanup';
import { compileIfNeeded } from '../../scripts/support/compiled';
import { runCommand } from '../../scripts/support/run-command';

const PROJECT = path.join(__dirname, '..', '..');
const EXTRACT_TIMEOUT_MS = 300_000;

/** What jsii-rosetta knows of one example. */
interface Snippet {
  readonly didCompile: boolean;
  readonly location: { readonly api: { readonly api: string; readonly fqn?: string } };
  readonly translations: Readonly<Record<string, { readonly source: string }>>;
}

interface Language {
  /** As jsii-rosetta names it. */
  readonly name: 'python' | 'java' | 'go';
  readonly fileExtension: string;
  /** Parses files, and does no more; fails where one cannot be parsed. */
  readonly parser: readonly string[];
  /** A program around a piece of one. */
  readonly program: (source: string) => string;
}

/** Lines that import are at the head of a file, the others in a function. */
function split(source: string): readonly [imports: string, body: string] {
  const lines = source.split('\n');
  const imports = lines.filter((line) => line.startsWith('import '));
  return [imports.join('\n'), lines.filter((line) => !imports.includes(line)).join('\n')];
}

/** Without C#, of which nothing but its compiler knows the syntax. */
const LANGUAGES: readonly Language[] = [
  {
    name: 'python',
    fileExtension: 'py',
    parser: ['python3', '-c', 'import ast, sys\nfor name in sys.argv[1:]: ast.parse(open(name, encoding="utf-8").read(), name)'],
    program: (source) => source,
  },
  {
    name: 'java',
    fileExtension: 'java',
    // javac goes no further than the parser, of whose types it knows nothing.
    parser: ['javac', '-proc:none', '-encoding', 'UTF-8', '-XDshould-stop.ifNoError=PARSE', '-XDshould-stop.ifError=PARSE'],
    program: (source) => {
      const [imports, body] = split(source);
      return `${imports}\nclass Example extends Stack {\n  void example() {\n${body}\n  }\n}\n`;
    },
  },
  {
    name: 'go',
    fileExtension: 'go',
    parser: ['gofmt', '-e', '-l'],
    program: (source) => {
      const [imports, body] = split(source);
      return `package example\n${imports}\nfunc example() {\n${body}\n}\n`;
    },
  },
];

const directory = mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-snippets-'));
const cleanup = new Cleanup();
let snippets: readonly Snippet[];

/** Returns what the parser has against the files; nothing, if it can read them. */
function parse({ parser: [command, ...args] }: Language, files: readonly string[]): string {
  const { error, status, stderr } = spawnSync(command, [...args, ...files], { cwd: directory, encoding: 'utf8' });
  return error?.message ?? (status === 0 ? '' : stderr);
}

beforeAll(async () => {
  await compileIfNeeded(cleanup);
  // A copy, since it writes beside the assembly.
  const project = path.join(directory, 'project');
  mkdirSync(project);
  ['.jsii', 'README.md', 'package.json'].forEach((file) => copyFileSync(path.join(PROJECT, file), path.join(project, file)));
  ['lib', 'rosetta', 'node_modules'].forEach((name) => symlinkSync(path.join(PROJECT, name), path.join(project, name)));
  const tablet = path.join(directory, 'tablet.json');
  await runCommand(cleanup, { cwd: project }, path.join(PROJECT, 'node_modules', '.bin', 'jsii-rosetta'), 'extract', '--strict', '--cache-to', tablet, '.');
  snippets = Object.values((JSON.parse(readFileSync(tablet, 'utf8')) as { snippets: Record<string, Snippet> }).snippets);
}, EXTRACT_TIMEOUT_MS);

afterAll(async () => {
  await cleanup.run();
  await rm(directory, { recursive: true, force: true });
});

test('all compile, those of the README and of the API', () => {
  expect(snippets.filter(({ didCompile }) => !didCompile)).toEqual([]);
  const apis = snippets.map(({ location: { api } }) => api.fqn ?? api.api);
  expect(apis).toEqual(expect.arrayContaining(['moduleReadme', 'cdk-webhook-scheduler.WebhookScheduler', 'cdk-webhook-scheduler.RetryPolicy']));
});

test('the smallest app of each language that the README shows is what jsii makes of the one in TypeScript', () => {
  const readme = readFileSync(path.join(PROJECT, 'README.md'), 'utf8');
  const smallest = snippets.find(({ translations }) => translations.$.source.includes('new App()'));
  // In these two, a whole program reads as a script does.
  expect(readme).toContain(`\`\`\`python\n${smallest?.translations.python.source.trim()}\n\`\`\``);
  expect(readme).toContain(`\`\`\`csharp\n${smallest?.translations.csharp.source.trim()}\n\`\`\``);
});

for (const language of LANGUAGES) {
  const { name, fileExtension, program, parser: [command] } = language;
  const missing = spawnSync(command, ['-h'], { stdio: 'ignore' }).error;
  if (missing) {
    console.warn(`Skipped: whether the examples can be parsed in ${name}.\n${missing.message}`);
  }
  const write = (file: string, source: string): string => {
    const written = path.join(directory, `${file}.${fileExtension}`);
    writeFileSync(written, program(source));
    return written;
  };

  (missing ? test.skip : test)(`what is made of them in ${name} can be parsed`, () => {
    const sources = snippets.map(({ translations }) => translations[name].source);
    expect(sources.length).toBeGreaterThan(5);
    expect(parse(language, sources.map((source, index) => write(`example${index}`, source)))).toBe('');
    expect(parse(language, [write('wrong', `${sources[0]}\n(]`)])).toContain(`wrong.${fileExtension}`);
  });
}
