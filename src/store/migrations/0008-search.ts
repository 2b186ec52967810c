/**
 * Words of cards and of what was said on them, kept by the database itself: triggers follow every row, so the index cannot
 * fall behind it, whoever writes. One entry for each card and one for each remark; a remark never touches the entry of its
 * card, so that leaving one costs the same on a long card.
 *
 * Both databases look at the first 100,000 characters of a text, which keeps an entry within what PostgreSQL can hold.
 */
import type { DdlWords, Migration } from './migration.ts'

export const search: Migration = {
  version: 8,
  name: 'search',
  statements: (words) => (words.dialect === 'sqlite' ? sqlite(words) : postgres(words)),
}

const LOOKED_AT = 100_000

const card = (taskId: string): string => `(select no from search_cards where task_id = ${taskId})`

/** Entries are numbered as cards and remarks come, so the newest are read first by going backwards. */
const sqlite = ({ strict }: DdlWords): readonly string[] => [
  `create table search_cards (no integer not null primary key, task_id text not null unique)${strict}`,
  `create table search_remarks (
      id integer not null primary key,
      card integer not null,
      place text not null check (place in ('result','summary','comment')),
      source integer not null,
      unique (card, place, source)
    )${strict}`,
  `create virtual table search_card_words using fts5 (
      title, body, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
    )`,
  `create virtual table search_remark_words using fts5 (
      said, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
    )`,

  `insert into search_cards (task_id) select id from tasks order by created_at, created_order, id`,
  `insert into search_card_words (rowid, title, body)
      select c.no, t.title, substr(t.body, 1, ${LOOKED_AT}) from search_cards c join tasks t on t.id = c.task_id order by c.no`,
  `insert into search_remarks (card, place, source)
      select c.no, s.place, s.source from (
        select id as task_id, 'result' as place, 0 as source from tasks where result <> ''
        union all select task_id, 'summary', id from task_runs where summary <> ''
        union all select task_id, 'comment', id from task_comments where body <> ''
      ) s join search_cards c on c.task_id = s.task_id`,
  `insert into search_remark_words (rowid, said)
      select r.id, substr(case r.place
          when 'result' then (select result from tasks where id = (select task_id from search_cards where no = r.card))
          when 'summary' then (select summary from task_runs where id = r.source)
          else (select body from task_comments where id = r.source) end, 1, ${LOOKED_AT})
      from search_remarks r order by r.id`,

  // A table with triggers has its references looked at from the other side, too, whenever a row is added; without these,
  // each new card would walk through every run there was.
  'create index run_processes_task on run_processes (task_id)',
  'create index late_reports_run on late_reports (run_id)',

  // One trigger for both: of several for the same change, SQLite does not say which comes first.
  `create trigger search_card_added after insert on tasks begin
      insert into search_cards (task_id) values (new.id);
      insert into search_card_words (rowid, title, body)
        values (${card('new.id')}, new.title, substr(new.body, 1, ${LOOKED_AT}));
      ${entryOf(RESULT).add}
    end`,
  `create trigger search_card_changed after update of title, body on tasks
    when old.title is not new.title or old.body is not new.body begin
      update search_card_words set title = new.title, body = substr(new.body, 1, ${LOOKED_AT}) where rowid = ${card('new.id')};
    end`,
  `create trigger search_card_removed after delete on tasks begin
      delete from search_remark_words where rowid in (select id from search_remarks where card = ${card('old.id')});
      delete from search_remarks where card = ${card('old.id')};
      delete from search_card_words where rowid = ${card('old.id')};
      delete from search_cards where task_id = old.id;
    end`,
  changed(RESULT),
  ...[SUMMARY, COMMENT].flatMap((remark) => [
    `create trigger search_${remark.place}_added after insert on ${remark.table} when new.${remark.text} <> '' begin
      ${entryOf(remark).add}
    end`,
    changed(remark),
    `create trigger search_${remark.place}_removed after delete on ${remark.table} begin
      ${entryOf(remark).remove}
    end`,
  ]),
]

const changed = (remark: Remark): string =>
  `create trigger search_${remark.place}_changed after update of ${remark.text} on ${remark.table}
    when old.${remark.text} is not new.${remark.text} begin
      ${entryOf(remark).remove}
      ${entryOf(remark).add}
    end`

/** Statements of a trigger that put in the entry of the new row, when it has words, and take out that of the old one. */
function entryOf({ place, text, task, source }: Remark): { readonly add: string; readonly remove: string } {
  const entry = (row: 'old' | 'new') =>
    `card = ${card(`${row}.${task}`)} and place = '${place}' and source = ${source(row)}`
  return {
    add: `insert into search_remarks (card, place, source)
        select ${card(`new.${task}`)}, '${place}', ${source('new')} where new.${text} <> '';
      insert into search_remark_words (rowid, said)
        select id, substr(new.${text}, 1, ${LOOKED_AT}) from search_remarks where ${entry('new')};`,
    remove: `delete from search_remark_words where rowid = (select id from search_remarks where ${entry('old')});
      delete from search_remarks where ${entry('old')};`,
  }
}

interface Remark {
  readonly place: 'result' | 'summary' | 'comment'
  readonly table: string
  readonly text: string
  /** The column that says whose it is. */
  readonly task: string
  /** Which of several of a card. */
  readonly source: (row: string) => string
}

const RESULT: Remark = { place: 'result', table: 'tasks', text: 'result', task: 'id', source: () => '0' }
const SUMMARY: Remark = {
  place: 'summary',
  table: 'task_runs',
  text: 'summary',
  task: 'task_id',
  source: (row) => `${row}.id`,
}
const COMMENT: Remark = { ...SUMMARY, place: 'comment', table: 'task_comments', text: 'body' }

/**
 * What is no letter and no digit, as FTS5 sees it. Written out, because what a class such as [:alnum:] holds depends on the
 * locale of the database.
 */
const BETWEEN_WORDS =
  '\\u0001-\\u002f\\u003a-\\u0040\\u005b-\\u0060\\u007b-\\u00a9\\u00ab-\\u00b1\\u00b4\\u00b6-\\u00b8\\u00bb\\u00bf\\u00d7\\u00f7' +
  '\\u02c2-\\u02c5\\u02d2-\\u02df\\u2000-\\u206f\\u20a0-\\u20cf\\u2190-\\u245f\\u2500-\\u2775\\u2794-\\u2bff\\u2e00-\\u2e7f' +
  '\\u3000-\\u3004\\u3008-\\u3020\\u3030\\u303d\\u30fb\\ufe00-\\ufe6f\\uff01-\\uff0f\\uff1a-\\uff20\\uff3b-\\uff40\\uff5b-\\uff65' +
  '\\ufff9-\\ufffd\\U0001f000-\\U0001faff'

/** Stands before a word that begins with a digit, or PostgreSQL would take 1e5ab for a number and a word. */
const NO_NUMBER = '\u01bb'

/** Letters with marks become plain Latin ones, as FTS5 makes them; letters of other scripts keep their marks. */
function plain(text: string): string {
  const replaced = (inner: string, pattern: string, by: string) =>
    `regexp_replace(${inner}, '${pattern}', '${by}', 'g')`
  const unmarked = `normalize(${replaced(`normalize(left(${text}, ${LOOKED_AT}), NFD)`, '([A-Za-z])[\\u0300-\\u036f]+', '\\1')}, NFC)`
  const spaced = replaced(unmarked, `[${BETWEEN_WORDS}]+`, ' ')
  return `left(${replaced(spaced, '(^| )(?=[0-9])', `\\1${NO_NUMBER}`)}, ${LOOKED_AT})`
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

const postgres = ({ int }: DdlWords): readonly string[] => [
  // Lower case by the rules of Unicode, where this server has them, whatever the locale of the database.
  `do $do$
    declare
      unicode text := ${literal(plain('$1'))};
      lowering text := (select quote_ident(collname) from pg_collation
        where collname in ('pg_c_utf8', 'und-x-icu') and collnamespace = 'pg_catalog'::regnamespace
          and collencoding in (-1, pg_char_to_encoding(getdatabaseencoding()))
        order by collname limit 1);
      body text := case
        when getdatabaseencoding() <> 'UTF8' then ${literal(`lower(regexp_replace(left($1, ${LOOKED_AT}), '[^[:alnum:]]+', ' ', 'g'))`)}
        when lowering is null then 'lower(' || unicode || ')'
        else 'lower(' || unicode || ' collate ' || lowering || ')' end;
    begin
      execute format('create function search_text(text) returns text language sql immutable parallel safe as %L', 'select ' || body);
    end
  $do$`,
  `create function search_words(text) returns tsvector language sql immutable parallel safe
    as $$ select to_tsvector('pg_catalog.simple'::regconfig, coalesce(search_text($1), '')) $$`,
  // One word or several in a row, the last of which may go on.
  `create function search_term(given text, is_prefix boolean) returns tsquery language sql immutable parallel safe
    as $$ select case when is_prefix and numnode(q) > 0 then (q::text || ':*')::tsquery else q end
      from phraseto_tsquery('pg_catalog.simple'::regconfig, search_text(given)) as q $$`,

  `create table search_cards (
      task_id text not null primary key references tasks (id) on delete cascade,
      title tsvector not null,
      body tsvector not null
    )`,
  `create table search_remarks (
      task_id text not null references tasks (id) on delete cascade,
      place text not null check (place in ('result','summary','comment')),
      source ${int} not null,
      said tsvector not null,
      primary key (task_id, place, source)
    )`,
  `insert into search_cards (task_id, title, body) select id, search_words(title), search_words(body) from tasks`,
  `insert into search_remarks (task_id, place, source, said)
      select id, 'result', 0, search_words(result) from tasks where result <> ''
      union all select task_id, 'summary', id, search_words(summary) from task_runs where summary <> ''
      union all select task_id, 'comment', id, search_words(body) from task_comments where body <> ''`,
  `create index search_cards_words on search_cards using gin (title, body)`,
  `create index search_remarks_words on search_remarks using gin (said)`,

  `create function search_card() returns trigger language plpgsql as $$
    begin
      insert into search_cards (task_id, title, body) values (new.id, search_words(new.title), search_words(new.body))
        on conflict (task_id) do update set title = excluded.title, body = excluded.body;
      return null;
    end $$`,
  `create trigger search_card_added after insert on tasks for each row execute function search_card()`,
  `create trigger search_card_changed after update of title, body on tasks for each row
    when (old.title is distinct from new.title or old.body is distinct from new.body) execute function search_card()`,
  ...[RESULT, SUMMARY, COMMENT].flatMap(({ place, table, text, task, source }) => [
    `create function search_${place}() returns trigger language plpgsql as $$
    begin
      if tg_op <> 'INSERT' then
        delete from search_remarks where task_id = old.${task} and place = '${place}' and source = ${source('old')};
      end if;
      if tg_op <> 'DELETE' then
        if new.${text} <> '' then
          insert into search_remarks (task_id, place, source, said)
            values (new.${task}, '${place}', ${source('new')}, search_words(new.${text}));
        end if;
      end if;
      return null;
    end $$`,
    `create trigger search_${place}_added after insert on ${table} for each row
    when (new.${text} <> '') execute function search_${place}()`,
    `create trigger search_${place}_changed after update of ${text} on ${table} for each row
    when (old.${text} is distinct from new.${text}) execute function search_${place}()`,
    ...(table === 'tasks'
      ? []
      : [
          `create trigger search_${place}_removed after delete on ${table} for each row execute function search_${place}()`,
        ]),
  ]),
]
