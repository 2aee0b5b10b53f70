/** The store of `gateway.ts`. The guide "Many users" shows it with PostgreSQL and with Redis. */
export { openStore } from './store-postgres.ts'
