export type {
  ClientDocumentEvent,
  ClientDocumentOptions,
  ClientDocuments,
  ClientDocumentStore,
  KeptClientDocument,
  ResolvedClientDocument,
} from './client-documents/client-documents.ts'
export { createClientKeySets, type ClientKeySet } from './client-documents/key-sets.ts'
export { createClientMetadataDocuments } from './client-documents/metadata-documents.ts'
