// Every TypeScript block of the README and the guides compiles, with what rosetta/default.ts-fixture puts around it unless it says `nofixture`.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import * as ts from 'typescript';
import { Block, blocksOf, PROJECT } from './support/blocks';

const FIXTURE = readFileSync(path.join(PROJECT, 'rosetta', 'default.ts-fixture'), 'utf8');
/** Where the blocks would be: beside the guides, for their imports to be found. */
const DIRECTORY = path.join(PROJECT, 'docs', 'blocks');

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.Node20,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  resolveJsonModule: true,
  types: ['node'],
  typeRoots: [path.join(PROJECT, 'node_modules', '@types')],
  paths: {
    'cdk-webhook-scheduler': [path.join(PROJECT, 'src', 'index.ts')],
    'cdk-webhook-scheduler/*': [path.join(PROJECT, '*')],
  },
};

function programText({ code, options }: Block): string {
  if (options === 'nofixture') {
    return code;
  }
  return FIXTURE.replace('/// here', () => code);
}

/** What the compiler has to say of the blocks, each with where it is. */
function errorsOf(blocks: readonly Block[]): string[] {
  const sources = new Map(blocks.map((block, index) => [path.join(DIRECTORY, `${index}.ts`), { block, text: programText(block) }]));
  const host = ts.createCompilerHost(OPTIONS);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => sources.has(file) || fileExists(file);
  host.readFile = (file) => sources.get(file)?.text ?? readFile(file);
  host.getSourceFile = (file, languageVersion, ...rest) => {
    const source = sources.get(file);
    return source ? ts.createSourceFile(file, source.text, languageVersion) : getSourceFile.call(host, file, languageVersion, ...rest);
  };
  const program = ts.createProgram([...sources.keys()], OPTIONS, host);
  return [...sources].flatMap(([file, { block }]) => {
    const sourceFile = program.getSourceFile(file)!;
    return [...program.getSyntacticDiagnostics(sourceFile), ...program.getSemanticDiagnostics(sourceFile)]
      .map(({ messageText }) => `${block.place}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
  });
}

test('compile, and one that does not is found', () => {
  const blocks = blocksOf('ts', 'typescript');
  expect(blocks.length).toBeGreaterThan(12);
  expect(blocks.map(({ options }) => options).filter((options) => !['', 'nofixture'].includes(options))).toEqual([]);
  const wrong = { ...blocks[0], place: 'nowhere', options: '', code: 'scheduler.addDashbord();' };
  expect(errorsOf([...blocks, wrong])).toEqual([expect.stringMatching(/^nowhere: .*addDashbord/)]);
}, 120_000);
