import type Database from 'better-sqlite3';
import type { SecretStore } from './port.js';

/** Secrets of this machine on SQLite; the first one written under a name stays. */
export const createSecrets = (db: Database.Database): SecretStore => {
  const select = db.prepare<[string], string>('select secret from secrets where name = ?').pluck();
  const insert = db.prepare('insert into secrets (name, secret) values (?, ?) on conflict (name) do nothing');
  return {
    get: (name) => select.get(name) ?? null,
    getOrPut: (name, make) => {
      const known = select.get(name);
      if (known !== undefined) return known;
      const made = make();
      insert.run(name, made);
      return select.get(name) ?? made;
    },
  };
};
