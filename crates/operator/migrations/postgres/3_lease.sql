-- Until when nobody else takes over, by the server's clock; its holder moves it on.
ALTER TABLE fences ADD COLUMN expires TIMESTAMPTZ;
