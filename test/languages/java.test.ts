// The package for Java: built with Maven, and used by the smallest app from the repository that it was deployed to.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { PREPARATION_TIMEOUT_MS, SMALLEST, Workplace } from './support/workplace';
import { CONSTRUCTS_VERSION, mavenRepository } from '../../scripts/languages/toolchain';

const workplace = new Workplace('java', 'whether the smallest app in Java makes the template of the one in TypeScript');
const settings = workplace.path('settings.xml');
const pom = workplace.path('app', 'pom.xml');
/** `aws-cdk-lib` takes constructs of a range, and Maven would read the POM of each version in it, of more than five hundred. */
const ONE_CONSTRUCTS = `<dependencyManagement><dependencies><dependency>
  <groupId>software.constructs</groupId><artifactId>constructs</artifactId><version>${CONSTRUCTS_VERSION}</version>
</dependency></dependencies></dependencyManagement>`;

workplace.describe('the jar in a Maven repository', () => {
  beforeAll(async () => {
    const artifacts = await workplace.package('--maven-local-repository', workplace.path('m2'));
    writeFileSync(settings, `<settings>
      <profiles><profile><id>built</id><repositories><repository><id>built</id><url>file://${artifacts}</url></repository></repositories></profile></profiles>
      <activeProfiles><activeProfile>built</activeProfile></activeProfiles>
    </settings>`);
    cpSync(workplace.example('java', 'smallest'), workplace.path('app'), { recursive: true });
    writeFileSync(pom, readFileSync(pom, 'utf8').replace('<dependencies>', `${ONE_CONSTRUCTS}$&`));
  }, PREPARATION_TIMEOUT_MS);

  test('the smallest app makes the same template as in TypeScript', async () => {
    const { own, typescript } = await workplace.templates(
      SMALLEST, workplace.path('app'), {}, 'mvn', '--batch-mode', '--quiet', '--settings', settings, ...mavenRepository(workplace.directory), 'compile', 'exec:java',
    );
    expect(Object.keys(own)).toEqual(['WebhookSchedulerExample']);
    expect(own).toEqual(typescript);
  }, PREPARATION_TIMEOUT_MS); // what the app is made of, Maven downloads now
});
