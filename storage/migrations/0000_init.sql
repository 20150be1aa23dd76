CREATE TABLE `answers` (
	`key` text PRIMARY KEY NOT NULL,
	`answer` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `events` (
	`swarm_id` text NOT NULL,
	`seq` integer NOT NULL,
	`event` text NOT NULL,
	PRIMARY KEY(`swarm_id`, `seq`)
);
--> statement-breakpoint
CREATE TABLE `in_flight_calls` (
	`key` text PRIMARY KEY NOT NULL,
	`workflow_id` text NOT NULL,
	`run_id` text NOT NULL,
	`activity_id` text NOT NULL,
	`attempt` integer NOT NULL,
	`pid` integer NOT NULL,
	`process_start` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `swarms` (
	`swarm_id` text PRIMARY KEY NOT NULL,
	`status` text NOT NULL,
	`started_at` integer NOT NULL,
	`ended_at` integer NOT NULL,
	`view` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `swarms_started_at` ON `swarms` (`started_at`);