CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.sealed_response (
    row_id uuid NOT NULL,
    key_id character varying(16) NOT NULL,
    purpose character varying(32) NOT NULL,
    codebook_version character varying(16) NOT NULL,
    iso_week character varying(8) NOT NULL,
    sealed bytea NOT NULL,
    receipt_hash bytea
);
CREATE TABLE public.submission (
    key_hash bytea NOT NULL,
    iso_week character varying(8) NOT NULL
);
CREATE TABLE public.usage_count (
    iso_week character varying(8) NOT NULL,
    channel character varying(16) NOT NULL,
    language character varying(16) NOT NULL,
    event character varying(32) NOT NULL,
    subject character varying(64) NOT NULL,
    county character varying(8) NOT NULL,
    count bigint NOT NULL
);
INSERT INTO public.alembic_version VALUES ('0002');
INSERT INTO public.sealed_response VALUES ('00000000-0000-0001-0000-000000000007', '0123456789abcdef', 'response', '1', '2026-W01', '\x01010101010101010101010101010101010101010101010101010101010101010101010101010101000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', '\x0101010101010101010101010101010101010101010101010101010101010101');
INSERT INTO public.sealed_response VALUES ('00000000-0000-0002-0000-000000000007', '0123456789abcdef', 'response', '1', '2026-W02', '\x02020202020202020202020202020202020202020202020202020202020202020202020202020202000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', NULL);
INSERT INTO public.sealed_response VALUES ('00000000-0000-0035-0000-000000000007', '0123456789abcdef', 'response', '1', '2026-W53', '\x35353535353535353535353535353535353535353535353535353535353535353535353535353535000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', '\x3535353535353535353535353535353535353535353535353535353535353535');
INSERT INTO public.submission VALUES ('\x0000000000000000000000000000000000000000000000000000000000000000', '2026-W47');
INSERT INTO public.submission VALUES ('\xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', '2026-W47');
INSERT INTO public.usage_count VALUES ('2026-W47', 'web', 'ro', 'flow_entered', '', '', 1099511627776);
INSERT INTO public.usage_count VALUES ('2026-W47', 'web', 'ro', 'flow_entered', 'å''\', '', 1099511627776);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.sealed_response
    ADD CONSTRAINT pk_sealed_response PRIMARY KEY (row_id);
ALTER TABLE ONLY public.submission
    ADD CONSTRAINT pk_submission PRIMARY KEY (key_hash);
ALTER TABLE ONLY public.usage_count
    ADD CONSTRAINT pk_usage_count PRIMARY KEY (iso_week, channel, language, event, subject, county);
ALTER TABLE ONLY public.sealed_response
    ADD CONSTRAINT uq_sealed_response_receipt_hash UNIQUE (receipt_hash);
