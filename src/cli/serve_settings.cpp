// The table of settings: file, environment and `limner config show` are made from it.

#include "cli/serve_config.h"

namespace limner {
namespace {

// A row's place: the address of a member of the configuration.
#define AT(member) [](ServeConfig& c) -> SettingPlace { return &c.member; }
#define MIB(member) [](ServeConfig& c) -> SettingPlace { return Mebibytes{&c.member}; }
#define MONEY(member) [](ServeConfig& c) -> SettingPlace { return Money{&c.member}; }

constexpr double kForever = 1e9;

const Setting kSettings[] = {
    {"server.address", "Address to listen on", AT(http.address)},
    {"server.port", "Port to listen on; 0: the system chooses", AT(http.port), 0, 65535},
    {"server.public_url", "How clients reach this server, for URLs in answers; empty: the request's Host",
     AT(service.public_url)},
    {"server.tls_certificate", "PEM file with the certificate chain; with tls_key: HTTPS",
     AT(http.tls_certificate)},
    {"server.tls_key", "PEM file with the private key", AT(http.tls_key)},
    {"server.io_threads", "Threads that move bytes", AT(http.io_threads), 1, 64},
    {"server.handler_threads", "Threads that run handlers", AT(http.handler_threads), 1, 256},
    {"server.connections_max", "Connections held open at once", AT(http.connections_max), 1, 1e6},
    {"server.connections_per_address_max", "Of them from one address", AT(http.connections_per_address_max),
     1, 1e6},
    {"server.header_bytes_max", "Longest head of a request", AT(http.header_bytes_max), 1024, 1 << 20},
    {"server.bytes_in_flight_max_mib",
     "Bodies being read or handled, and again answers being sent, of all connections",
     MIB(http.bytes_in_flight_max), 1, 1 << 20},
    {"server.header_seconds", "Time a client has for a head", AT(http.header_seconds), 0.1, 3600},
    {"server.body_seconds_base", "Time a client has for a body, beside its length at body_bytes_per_second",
     AT(http.body_seconds_base), 0.1, 3600},
    {"server.body_bytes_per_second", "Slowest rate of a body and of an answer",
     AT(http.body_bytes_per_second), 1, 1e9},
    {"server.idle_seconds", "How long a connection without a request is kept", AT(http.idle_seconds), 0.1,
     86400},
    {"server.write_seconds", "How long an answer may make no progress", AT(http.write_seconds), 0.1, 86400},
    {"server.failed_keys_per_minute", "Requests of one address without a valid key; further ones get 429",
     AT(http.failed_keys_per_minute), 1, 1e6},
    {"server.allow_anonymous",
     "Requests without a key act for the tenant \"default\": only on one's own machine",
     AT(http.allow_anonymous)},
    {"server.cors_origin", "Origin whose pages may call this server; empty: none", AT(http.cors_origin)},
    {"server.metrics_open", "Whether /metrics answers without an admin key", AT(service.metrics_open)},
    {"server.picture_url_seconds", "How long signed URLs of pictures are good for",
     AT(service.picture_url_seconds), 1, 7 * 86400},
    {"server.upload_days", "How long uploads are kept", AT(service.upload_days), 1, 3650},
    {"server.repeat_seconds", "Within this, a client's automatic retry is the same request",
     AT(service.repeat_seconds), 0, 86400},
    {"server.drain_seconds", "Time that running jobs get after SIGTERM", AT(drain_seconds), 0, 86400},

    {"ledger.durability", "What an accepted job survives: a power cut, or the process being killed",
     AT(ledger.durability), 0, 0, "power|process"},

    {"store.url", "file:FOLDER or s3://BUCKET/PREFIX; empty: the folder store/ of the data folder",
     AT(store.url)},
    {"store.endpoint", "s3: http(s)://HOST:PORT; empty: AWS's of the region", AT(store.endpoint)},
    {"store.region", "s3: region", AT(store.region)},
    {"store.access_key", "s3: access key id", AT(store.access_key)},
    {"store.secret_key", "s3: secret key", AT(store.secret_key), 0, 0, {}, true},
    {"store.path_style", "s3: bucket in the path instead of the host name", AT(store.path_style)},
    {"store.part_bytes_mib", "s3: larger objects go in parts of this size", MIB(store.part_bytes), 5, 1024},
    {"store.attempt_seconds", "s3: time for one request", AT(store.attempt_seconds), 1, 3600},
    {"store.attempts", "s3: attempts of one request", AT(store.attempts), 1, 20},

    {"encryption.master_key",
     "File of the master key (limner encryption init) by which stored files are encrypted; empty: they are "
     "not",
     AT(master_key)},

    {"models.default",
     "Model that draws when a request names none; empty: the first [[model]], else the first of the model "
     "folders",
     AT(catalogue.default_model)},
    {"models.memory_mib", "Weights held in memory; 0: three quarters of what is free at start",
     MIB(pool.memory_bytes), 0, 1 << 24},
    {"models.threads", "Threads that draw; 0: one a core", AT(pool.threads), 0, 1024},

    {"models.trusted_signers",
     "PEM file of public keys and root certificates; a model whose signature is of nobody there is refused",
     AT(trusted_signers)},
    {"models.require_signature", "Whether models and adapters without a signature are refused too",
     AT(catalogue.signatures.required)},

    {"scheduler.weight_realtime", "Share of the engine of the tier realtime, when all want it",
     AT(worker.scheduler.weights[0]), 0.001, 1e6},
    {"scheduler.weight_standard", "Share of the tier standard", AT(worker.scheduler.weights[1]), 0.001, 1e6},
    {"scheduler.weight_batch", "Share of the tier batch", AT(worker.scheduler.weights[2]), 0.001, 1e6},
    {"scheduler.target_seconds_realtime", "Time in which a realtime job without a deadline should be done",
     AT(worker.scheduler.targets[0]), 0.001, kForever},
    {"scheduler.target_seconds_standard", "The same, of standard jobs", AT(worker.scheduler.targets[1]),
     0.001, kForever},
    {"scheduler.target_seconds_batch", "The same, of batch jobs", AT(worker.scheduler.targets[2]), 0.001,
     kForever},
    {"scheduler.rows_max", "Rows of the network in one step; a guided picture has two",
     AT(worker.scheduler.rows_max), 1, 64},
    {"scheduler.open_max", "Drawings open at once", AT(worker.scheduler.open_max), 1, 1024},
    {"scheduler.realtime_open", "Of them kept free for realtime", AT(worker.scheduler.realtime_open), 0,
     1023},

    {"policy.folder",
     "Folder of policy files NAME.toml, one of them for everyone; empty: the built-in policy",
     AT(policy_folder)},
    {"review.hourly_max", "Decisions of one reviewer within an hour", AT(review.hourly_max), 1, 100000},

    {"jobs.pixels_max", "Width x height of a picture, enlarging included", AT(jobs.pixels_max), 64, 1 << 28},
    {"jobs.pictures_max", "Pictures of one job", AT(jobs.pictures_max), 1, 1000},
    {"jobs.steps_max", "Network evaluations of one picture", AT(jobs.steps_max), 1, 100000},
    {"jobs.attempts_max", "How often a job is begun before it fails", AT(jobs.attempts_max), 1, 100},
    {"jobs.lease_seconds", "After this without a sign of life a worker's jobs are given to others",
     AT(worker.lease_seconds), 1, 3600},
    {"jobs.keep_after_seconds", "Drawings that took longer keep their latents until the job ends",
     AT(worker.keep_after_seconds), 0, kForever},
    {"jobs.deadline_seconds_realtime", "Deadline of realtime jobs that name none; 0: none",
     AT(jobs.default_deadline_seconds[0]), 0, kForever},
    {"jobs.deadline_seconds_standard", "The same, of standard jobs", AT(jobs.default_deadline_seconds[1]), 0,
     kForever},
    {"jobs.deadline_seconds_batch", "The same, of batch jobs", AT(jobs.default_deadline_seconds[2]), 0,
     kForever},

    {"admission.memory_mib", "Models and drawings together; 0: what is free at start",
     MIB(jobs.admission.memory_bytes), 0, 1 << 24},
    {"admission.wait_seconds_realtime",
     "Longest wait, as predicted, at which the realtime queue takes more jobs",
     AT(jobs.admission.wait_seconds_max[0]), 0, kForever},
    {"admission.wait_seconds_standard", "The same, of the standard queue",
     AT(jobs.admission.wait_seconds_max[1]), 0, kForever},
    {"admission.wait_seconds_batch", "The same, of the batch queue", AT(jobs.admission.wait_seconds_max[2]),
     0, kForever},
    {"admission.queued_realtime", "Realtime jobs that may wait", AT(jobs.admission.queued_max[0]), 1, 1e6},
    {"admission.queued_standard", "Standard jobs that may wait", AT(jobs.admission.queued_max[1]), 1, 1e6},
    {"admission.queued_batch", "Batch jobs that may wait", AT(jobs.admission.queued_max[2]), 1, 1e6},

    {"uploads.picture_mib", "Largest picture file", MIB(uploads.picture_bytes_max), 1, 1024},
    {"uploads.lora_mib", "Largest LoRA", MIB(uploads.lora_bytes_max), 1, 16384},
    {"uploads.batch_mib", "Largest batch file", MIB(uploads.batch_bytes_max), 1, 16384},

    {"provenance.sign", "Whether drawn pictures get a signed manifest (not AVIF, which carries none)",
     AT(marking.sign)},
    {"provenance.watermark", "Whether drawn pictures get an invisible id in their pixels",
     AT(marking.watermark)},
    {"provenance.noise_watermark",
     "Whether the noise that pictures are drawn from carries an id too: other pictures for the same seeds",
     AT(marking.noise_watermark)},
    {"provenance.signing",
     "Folder of key.pem (or key.uri) and chain.pem; empty: signing/ of the data folder, made on first use",
     AT(marking.signing)},
    {"provenance.watermark_key",
     "File of the key; empty: watermark.key of the data folder, made on first use",
     AT(marking.watermark_key)},
    {"provenance.trust", "PEM file of roots that POST /v1/provenance/verify believes, beside that of signing",
     AT(marking.trust)},
    {"provenance.timestamp_url",
     "http(s) URL of an authority (RFC 3161) that stamps each signature; empty: none does",
     AT(marking.time_stamp.url)},
    {"provenance.timestamp_trust",
     "PEM file of roots of such authorities; empty: any authority's stamp is put in, none is believed",
     AT(marking.time_stamp.trust)},
    {"provenance.timestamp_required",
     "Whether a picture that cannot be stamped fails, instead of going without",
     AT(marking.time_stamp.required)},
    {"provenance.timestamp_seconds", "Time for one answer of the authority", AT(marking.time_stamp.seconds),
     0.1, 300},
    {"provenance.verify_per_minute", "Pictures that one address may have verified",
     AT(verification.per_minute), 0, 1e6},
    {"provenance.verify_at_once", "Pictures that are verified at once; each keeps a core busy",
     AT(verification.at_once), 1, 1024},
    {"provenance.provider", "Who answers for the pictures; empty: as the certificate says",
     AT(marking.provider)},

    {"prices.currency", "Currency of all prices", AT(prices.currency)},
    {"prices.engine_second", "A second of the engine", MONEY(prices.standard.engine_second)},
    {"prices.picture", "A picture", MONEY(prices.standard.picture)},
    {"prices.megapixel", "A million pixels", MONEY(prices.standard.megapixel)},
    {"prices.gigabyte_stored", "A gigabyte brought into the store", MONEY(prices.standard.gigabyte_stored)},
    {"prices.gigabyte_sent", "A gigabyte delivered", MONEY(prices.standard.gigabyte_sent)},
    {"prices.factor_realtime", "What prices are multiplied by in the tier realtime",
     AT(prices.tier_factors[0]), 0, 1e6},
    {"prices.factor_standard", "The same, in the tier standard", AT(prices.tier_factors[1]), 0, 1e6},
    {"prices.factor_batch", "The same, in the tier batch", AT(prices.tier_factors[2]), 0, 1e6},

    {"log.level", "Least important lines that are written", AT(log_level), 0, 0, "debug|info|warning|error"},
    {"log.prompts", "Whether prompts may be written into the log", AT(log_prompts)},

    {"telemetry.otlp_endpoint", "OTLP/HTTP collector, http(s)://HOST:PORT; empty: none", AT(otlp_endpoint)},
    {"telemetry.otlp_headers", "Headers for it: NAME=VALUE,NAME=VALUE", AT(otlp_headers), 0, 0, {}, true},

    {"webhooks.allow_private", "Whether webhooks may go to private addresses",
     AT(housekeeping.webhooks_allow_private)},
    {"webhooks.timeout_seconds", "Time for one delivery", AT(housekeeping.webhook_timeout_seconds), 1, 60},

    {"housekeeping.orphan_seconds", "Objects without a row are deleted when older",
     AT(housekeeping.orphan_seconds), 1, kForever},
    {"housekeeping.sweep_seconds", "Time between sweeps of the store", AT(housekeeping.sweep_seconds), 1,
     kForever},
    {"housekeeping.kept_stage_seconds", "Latents of failed jobs are kept this long, for a retry",
     AT(housekeeping.kept_stage_seconds), 0, kForever},
};

#undef AT
#undef MIB
#undef MONEY

}  // namespace

std::span<const Setting> serve_settings() { return kSettings; }

}  // namespace limner
