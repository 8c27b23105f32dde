// Of how webhooks lie in the table, what the construct needs to know too: this file ships with it, table-schema.ts does not.

/** Names of the table's own attributes. */
export const PARTITION_KEY = 'pk';
export const SORT_KEY = 'sk';
export const TTL_ATTRIBUTE = 'ttl';

/** What the partition keys of states and names begin with, and nothing else. */
export const ID_PREFIX = 'id#';
