-- What a contact is called stands in their messages alone, where `forget` finds it.
ALTER TABLE contacts DROP COLUMN name;
