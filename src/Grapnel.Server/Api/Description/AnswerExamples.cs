using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace Grapnel.Server.Api.Description;

/// <summary>What answers may look like. A test holds each against the schema of its record.</summary>
internal static class AnswerExamples
{
    private const string Message = "msg_0353nmmZX1s3Mxp9tCQLTB";
    private const string Endpoint = "ep_0353nmjNhz6Eq3xVfQP3zV";
    private const string Application = "app_0353ndnoMQpySWCZWrEtt2";
    private const string Payload = """{"id":"A-1","amount":99}""";

    private const string MessageFields = $$"""
        "id":"{{Message}}","eventId":"order-A-1","eventType":"order.placed","payload":{{Payload}},"contentType":"application/json","channels":null,"tags":null,
        "timestamp":"2026-11-23T12:00:00Z","deliverAt":null
        """;

    private const string KeyFields = """
        "id":"key_0353nlP2zhkntn3C9LQVIr","name":"CI","hint":"grpk_QNqB","scope":"publish","application":null,"createdAt":"2026-11-23T12:00:00Z","expiresAt":null,
        "lastUsedAt":null,"revokedAt":null
        """;

    private const string WhyFields = """
        "state":"pending","reason":"retrying","detail":"The next attempt is at 2026-11-23 12:05:00Z.","attempts":2,"nextAttempt":"2026-11-23T12:05:00Z",
        "endedAt":null
        """;

    private const string EventType = """
        {"name":"order.placed","description":"An order was placed","archived":false,"deprecated":false,"schemas":null,"schemaValidation":"off","featureFlag":null,
         "featureFlags":null,"groupName":"orders","createdAt":"2026-11-23T12:00:00Z","updatedAt":"2026-11-23T12:00:00Z"}
        """;

    private static readonly Dictionary<Type, string> Texts = new()
    {
        [typeof(ApplicationOut)] = $$"""
            {"id":"{{Application}}","uid":"acme","name":"Acme","throttleRate":100,"rateLimit":100,"metadata":{"plan":"gold"},"createdAt":"2026-11-23T12:00:00Z",
             "updatedAt":"2026-11-23T12:00:00Z"}
            """,
        [typeof(EventTypeOut)] = EventType,
        [typeof(ImportOut)] = $$"""{"data":{"modified":["order.placed"],"to_modify":[{{EventType}}]} }""",
        [typeof(EndpointOut)] = $$"""
            {"id":"{{Endpoint}}","uid":"shop","url":"https://203.0.113.10/hooks","description":"Orders","disabled":false,"disabledReason":null,
             "eventTypes":["order.placed"],"filterTypes":["order.placed"],"channels":null,"filter":null,"format":"standard","throttleRate":50,"rateLimit":50,"maxConcurrency":null,
             "timeoutSeconds":null,"retrySchedule":null,"ordered":false,"onExhausted":"skip","version":1,"tls":null,"oauth":null,"metadata":{"team":"billing"},
             "createdAt":"2026-11-23T12:00:00Z","updatedAt":"2026-11-23T12:00:00Z"}
            """,
        [typeof(EndpointSecretOut)] = """{"key":"whsec_b3C8FlopPDwKBznkHz6sRjGGnAyWT+ISRNijIcUzfqE="}""",
        [typeof(KeyRingRotatedOut)] = """{"sealed":12}""",
        [typeof(EndpointHeadersOut)] = """{"headers":{"X-Region":"eu"},"sensitive":["Authorization"]}""",
        [typeof(MessageOut)] = $$"""{{{MessageFields}}}""",
        [typeof(EndpointMessageOut)] = $$"""{{{MessageFields}},"status":1,"statusText":"pending","nextAttempt":"2026-11-23T12:05:00Z"}""",
        [typeof(TriggerOut)] = $$"""
            {"id":"{{Message}}","eventType":"order.placed","timestamp":"2026-11-23T12:00:00Z",
             "owed":[{"endpointId":"{{Endpoint}}","uid":"shop","url":"https://203.0.113.10/hooks","reason":"eventTypeSubscribed"}],
             "notOwed":[{"endpointId":"ep_0353niiSaZnTdtTPmtxaFk","url":"https://203.0.113.11/","reason":"noCommonChannel"}]}
            """,
        [typeof(BatchOut)] = $$"""
            {"accepted":1,"refused":0,"data":[{"status":202,"id":"{{Message}}","eventId":"order-A-2","timestamp":"2026-11-23T12:00:00Z"}]}
            """,
        [typeof(MessageRawPayloadOut)] = """{"payload":"{\"id\":\"A-1\",\"amount\":99}"}""",
        [typeof(PrecheckOut)] = """{"active":true}""",
        [typeof(CancelOut)] = """{"cancelled":2}""",
        [typeof(EmptyOut)] = "{}",
        [typeof(WhyOut)] = $$"""{{{WhyFields}}}""",
        [typeof(EndpointWhyOut)] = $$"""{"endpointId":"{{Endpoint}}","url":"https://203.0.113.10/hooks",{{WhyFields}}}""",
        [typeof(AttemptOut)] = $$"""
            {"id":"atmpt_0353nmmjRaYYhP3jWgAoiW","msgId":"{{Message}}","endpointId":"{{Endpoint}}","url":"https://203.0.113.10/hooks","status":2,"statusText":"fail",
             "triggerType":0,"responseStatusCode":503,"responseDurationMs":245,"response":"down for maintenance","outcome":"throttled","attemptNumber":2,
             "nextAttempt":"2026-11-23T12:05:00Z","timestamp":"2026-11-23T12:00:05Z"}
            """,
        [typeof(AttemptHeadersOut)] = $$"""
            {"sentHeaders":{"webhook-id":"{{Message}}","webhook-timestamp":"1795435200","Content-Type":"application/json"},
             "responseHeaders":[["Content-Length","0"]],"sensitive":["Authorization"]}
            """,
        [typeof(MessageEndpointOut)] = $$"""
            {"id":"{{Endpoint}}","uid":"shop","url":"https://203.0.113.10/hooks","description":"Orders","disabled":false,"eventTypes":["order.placed"],
             "filterTypes":["order.placed"],"channels":null,"throttleRate":50,"rateLimit":50,"version":1,"status":0,"statusText":"success","nextAttempt":null,
             "deleted":false,"createdAt":"2026-11-23T12:00:00Z","updatedAt":"2026-11-23T12:00:00Z"}
            """,
        [typeof(EndpointStatsOut)] = """{"success":120,"pending":3,"pendingIsMore":false,"sending":1,"fail":7,"canceled":0}""",
        [typeof(StatsHistoryOut)] = """
            {"period":"hour","data":[{"start":"2026-11-23T12:00:00Z","succeeded":120,"failed":7,"cancelled":0,"averageDurationMs":41.5,"maxDurationMs":310}]}
            """,
        [typeof(RateLimitStatusOut)] = """{"status":"Ok","throttledSince":null}""",
        [typeof(ScheduleOut)] = """
            {"id":"sched_0353nk9OjWaJLzbetSdMot","eventType":"order.placed","cron":"0 8 * * 1-5","minInterval":null,"maxInterval":null,"payload":{"report":"daily"},
             "enabled":true,"nextAt":"2026-11-24T08:00:00Z","createdAt":"2026-11-23T12:00:00Z","updatedAt":"2026-11-23T12:00:00Z"}
            """,
        [typeof(BackgroundTaskOut)] = $$"""
            {"id":"qtask_0353nk8rCHRJFBiX7XC0pq","status":"running","task":"endpoint.recover","data":{"appId":"{{Application}}","endpointId":"{{Endpoint}}",
             "since":"2026-11-20T00:00:00Z","until":"2026-11-23T12:00:00Z","scanned":400,"done":200,"messagesSent":200,"total":1000,"rate":100,"secondsLeft":8,
             "error":null,"cancelled":false},"createdAt":"2026-11-23T12:00:00Z","updatedAt":"2026-11-23T12:00:02Z"}
            """,
        [typeof(ReplayCountOut)] = """{"count":1000,"scanned":1200,"complete":true}""",
        [typeof(PortalAccessOut)] = """{"url":"https://webhooks.example.com/portal#key=eyJhbGciOiJIUzI1NiJ9.e30.x","token":"eyJhbGciOiJIUzI1NiJ9.e30.x"}""",
        [typeof(ApiKeyOut)] = $$"""{{{KeyFields}}}""",
        [typeof(NewApiKeyOut)] = $$"""{{{KeyFields}},"key":"grpk_QNqBi1X7oNMPOGWnaRbGjZjk3R54wJH7qxOeP8PE3b7"}""",
        [typeof(AuditEntryOut)] = $$"""
            {"id":"aud_0353nmn2Qm1tXb8Gk0ZcJ4","timestamp":"2026-11-23T12:00:00Z","actor":"key:key_0353nlP2zhkntn3C9LQVIr CI","action":"endpoint.updated",
             "subject":"{{Endpoint}}","applicationId":"{{Application}}",
             "changes":{"url":{"from":"https://203.0.113.9/hooks","to":"https://203.0.113.10/hooks"},"headers":{"changed":true} } }
            """,
        [typeof(LaneOut)] = $$"""
            {"endpointId":"{{Endpoint}}","applicationId":"{{Application}}","node":"node_0353ndoezoF88UGFrSjPY7","state":"breakerOpen","pending":17,
             "pendingIsMore":false,"oldestAcceptedAt":"2026-11-23T12:00:00Z","inFlight":0,"pausedUntil":"2026-11-23T12:01:00Z",
             "failingSince":"2026-11-23T12:00:00Z","pausedAt":null}
            """,
        [typeof(BacklogOut)] = """{"pending":17,"oldestAcceptedAt":"2026-11-23T12:00:00Z"}""",
        [typeof(NodeOut)] = """
            {"id":"node_0353ndoezoF88UGFrSjPY7","name":"web-1","joinedAt":"2026-11-23T12:00:00Z","heartbeatAt":"2026-11-23T12:00:03Z","lanes":1,"lanesIsMore":false,
             "isThis":true}
            """,
        [typeof(HealthOut)] = """{"status":"ok","store":"ok","deliveries":"ok","disk":"ok"}""",
    };

    /// <summary>An example of a record, or of a page of them.</summary>
    public static string Of(Type type)
    {
        if (SchemaShelf.ItemOf(type) is not { } item)
            return Texts[type];
        // Iterators of lists of event types are names; everything else has an id.
        var example = JsonNode.Parse(Texts[item])!;
        var iterator = (string?)(example["id"] ?? example["endpointId"] ?? example["name"]);
        return new JsonObject { ["data"] = new JsonArray(example), ["iterator"] = iterator, ["prevIterator"] = "-" + iterator, ["done"] = true }.ToJsonString();
    }

    /// <summary>An error as it is answered unless somebody asks for problem details.</summary>
    public static JsonNode Plain(CommonError error) =>
        error.Status == 422 ? new JsonObject { ["detail"] = Faults() } : new JsonObject { ["code"] = error.Code, ["detail"] = error.Detail };

    /// <summary>The same as problem details.</summary>
    public static JsonNode Problem(CommonError error)
    {
        var problem = new JsonObject
        {
            ["type"] = "about:blank", ["title"] = ReasonPhrases.GetReasonPhrase(error.Status), ["status"] = error.Status,
            ["code"] = error.Code, ["detail"] = error.Detail,
        };
        if (error.Status == 422)
            problem["errors"] = Faults();
        return problem;
    }

    private static JsonArray Faults() =>
        new(new JsonObject { ["loc"] = new JsonArray("body", "url"), ["msg"] = "An absolute http or https URL is needed.", ["type"] = "value_error" });
}
