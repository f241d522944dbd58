-- Changes that name many entries and are about none of them: parts of imports, their undos, and erasures. An entry's
-- history finds its own among them by the time at which they wrote it. All other changes write nothing here.

CREATE INDEX change_of_many ON change (merchant, at)
    WHERE action IN ('entries.imported', 'entries.import_undone', 'customer.erased', 'identifier.erased');
