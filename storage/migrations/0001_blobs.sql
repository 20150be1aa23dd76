CREATE TABLE `blobs` (
	`hash` text PRIMARY KEY NOT NULL,
	`content` blob NOT NULL
);
