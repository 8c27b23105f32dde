// Text between the marks of a page.
import { withBlocks } from '../../scripts/support/marked-blocks';

const PAGE = 'Before.\n\n<!-- scale: a -->\nold\n<!-- /scale -->\n\nBetween.\n\n<!-- scale: b-2 -->\n<!-- /scale -->\nAfter.\n';

test('is replaced, and nothing else', () => {
  const page = withBlocks(PAGE, 'scale', { 'a': 'new\nlines', 'b-2': '$1 $&' });
  expect(page).toBe('Before.\n\n<!-- scale: a -->\nnew\nlines\n<!-- /scale -->\n\nBetween.\n\n<!-- scale: b-2 -->\n$1 $&\n<!-- /scale -->\nAfter.\n');
  expect(withBlocks(page, 'scale', { 'a': 'new\nlines', 'b-2': '$1 $&' })).toBe(page);
});

test.each([
  [{ a: '' }, 'marks missing in the page: none; not known: b-2'],
  [{ 'a': '', 'b-2': '', 'c': '' }, 'marks missing in the page: c; not known: none'],
])('has to be there by the same names: %j', (blocks, message) => {
  expect(() => withBlocks(PAGE, 'scale', blocks as unknown as Record<string, string>)).toThrow(message);
});

test('of another script is left alone', () => {
  const page = `${PAGE}<!-- other: a -->\nas it is\n<!-- /other -->\n`;
  expect(withBlocks(page, 'scale', { 'a': 'old', 'b-2': '' })).toContain('<!-- other: a -->\nas it is\n<!-- /other -->\n');
  expect(withBlocks(page, 'other', { a: 'new' })).toBe(page.replace('as it is', 'new'));
});

test('has to end', () => {
  expect(() => withBlocks('<!-- scale: a -->\n', 'scale', { a: '' })).toThrow('the mark <!-- scale: a --> has no end: expected <!-- /scale -->');
});
