using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Grapnel.Publishing;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Grapnel.Server.Api;

/// <summary>
/// Publishes a stream of messages, one JSON object a line (ndjson.org). What has arrived is stored together, then the next lines are read: a sender
/// that is faster than the store is slowed down by the connection itself. The answer is a stream too. It tells of lines that were
/// refused, with <c>results=all</c> of every line, and ends with the counts; what was accepted stays, however the stream ends.
/// </summary>
internal sealed class LineStream(HttpContext http, Publisher publisher, int maxPayloadBytes, CancellationToken stopping)
{
    private const int MaxLines = 500;
    private const int MaxBytes = 1 << 20;
    private static readonly TimeSpan Parting = TimeSpan.FromSeconds(2);

    private readonly string _application = http.Part("app");
    private readonly int _maxLine = BodyLimits.Message(maxPayloadBytes);
    private readonly List<byte[]> _lines = [];
    private bool _tellAll;
    private int _number;
    private int _accepted;
    private int _refused;

    public async Task RunAsync()
    {
        RequestBytes.RefuseEncodings(http.Request);
        _tellAll = ReadsAll();
        // A key that does not fit is told before the stream begins, and not of every line.
        _ = Idempotency.KeyOf(http);
        // A stream may pause for as long as it likes; Kestrel would take it for an attack.
        http.Features.Get<IHttpMinRequestBodyDataRateFeature>()?.MinDataRate = null;
        if (await PublishAsync(CancellationToken.None) is { } refusal)
        {
            await PublishReply.RefuseAsync(http, new PublishResult(refusal), _application, eventType: "", maxPayloadBytes);
            return;
        }
        http.Response.ContentType = "application/x-ndjson";
        await http.Response.StartAsync(http.RequestAborted);
        await ReadUntilStoppedAsync(http.RequestAborted);
    }

    /// <summary>A stream may be open for days: a server that stops ends it between two lines instead of waiting for it.</summary>
    private async Task ReadUntilStoppedAsync(CancellationToken cancellationToken)
    {
        var body = http.Request.BodyReader;
        using var onStop = stopping.Register(body.CancelPendingRead);
        await ReadAllAsync(body, cancellationToken);
    }

    // A server that stops no longer limits how long it waits for the rest of a body. Whoever has not seen the end by then is cut off.
    private async Task PartAsync(PipeReader body)
    {
        await http.Response.CompleteAsync();
        using var limit = new CancellationTokenSource(Parting, TimeProvider.System);
        try
        {
            ReadResult read;
            do
            {
                read = await body.ReadAsync(limit.Token);
                body.AdvanceTo(read.Buffer.End);
            }
            while (!read.IsCompleted);
        }
        catch (OperationCanceledException)
        {
            http.Abort();
        }
    }

    private bool ReadsAll()
    {
        var query = new QueryReader(http.Request.Query);
        var results = query.Text("results") ?? "refused";
        if (results is not ("all" or "refused"))
            query.Fail("results", "must be all or refused");
        query.ThrowIfAnyFault();
        return results == "all";
    }

    private async Task ReadAllAsync(PipeReader body, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken);
            if (stopping.IsCancellationRequested)
            {
                body.AdvanceTo(read.Buffer.Start);
                await EndAsync(new PublishResult(PublishStatus.Unavailable), cancellationToken);
                await PartAsync(body);
                return;
            }
            var rest = read.Buffer;
            while (TakeLines(ref rest, read.IsCompleted))
            {
                if (await PublishAsync(cancellationToken) is not { } refusal)
                    continue;
                body.AdvanceTo(rest.Start);
                await EndAsync(new PublishResult(refusal), cancellationToken);
                return;
            }
            body.AdvanceTo(rest.Start, rest.End);
            if (rest.Length > _maxLine)
            {
                await EndAsync(new PublishResult(PublishStatus.PayloadTooLarge), cancellationToken);
                return;
            }
            if (read.IsCompleted)
                break;
        }
        await EndAsync(null, cancellationToken);
    }

    /// <summary>Takes whole lines, up to the limits of one transaction; what follows the last line end only when nothing more will come.</summary>
    private bool TakeLines(ref ReadOnlySequence<byte> rest, bool isAll)
    {
        _lines.Clear();
        long bytes = 0;
        while (_lines.Count < MaxLines && bytes < MaxBytes && !rest.IsEmpty)
        {
            if (rest.PositionOf((byte)'\n') is not { } end)
            {
                if (!isAll || rest.Length > _maxLine)
                    break;
                end = rest.End;
            }
            var line = rest.Slice(0, end);
            if (line.Length > _maxLine)
                break;
            _lines.Add(line.ToArray());
            bytes += line.Length;
            rest = rest.Slice(end.Equals(rest.End) ? end : rest.GetPosition(1, end));
        }
        return _lines.Count > 0;
    }

    /// <summary>Publishes the lines that were taken; why not, when none of them could be.</summary>
    private async Task<PublishStatus?> PublishAsync(CancellationToken cancellationToken)
    {
        var first = _number + 1;
        _number += _lines.Count;
        // Empty lines keep their numbers and say nothing.
        var numbered = _lines.Index().Where(line => line.Item.AsSpan().TrimStart(" \t\r"u8).Length > 0)
            .Select(line => (Number: first + line.Index, Message: Read(line.Item, first + line.Index))).ToList();
        var result = await publisher.PublishAsync(
            _application, [.. numbered.Select(line => line.Message.Request)], idempotency: null, CancellationToken.None);
        if (result.Status != PublishStatus.Accepted)
            return result.Status;
        foreach (var (line, outcome) in numbered.Zip(result.Results))
            Tell(line.Number, line.Message, outcome);
        if (numbered.Count > 0 && http.Response.HasStarted)
            await http.Response.BodyWriter.FlushAsync(cancellationToken);
        return null;
    }

    private BatchMessage Read(byte[] line, int number)
    {
        try
        {
            return BatchMessage.From(_application, MessageBody.Read(line), Idempotency.ReadLine(http, number, line, WriteStored));
        }
        catch (InvalidInputException invalid)
        {
            return new BatchMessage(null, invalid.Errors);
        }
        catch (JsonException json)
        {
            return new BatchMessage(null, [new FieldError("", $"The line is not valid JSON: {json.Message}")]);
        }
    }

    // What a repeat of the line is answered.
    private static void WriteStored(Utf8JsonWriter writer, PublishResult result)
    {
        writer.WriteStartObject();
        BatchReply.WriteAccepted(writer, result.Message!);
        writer.WriteEndObject();
    }

    private void Tell(int number, BatchMessage message, in PublishResult outcome)
    {
        var accepted = outcome.Status is PublishStatus.Accepted or PublishStatus.Repeated;
        _accepted += accepted ? 1 : 0;
        _refused += accepted ? 0 : 1;
        if (accepted && !_tellAll)
            return;
        WriteLine((number, message, outcome, Stream: this), static (writer, line) =>
        {
            writer.WriteNumber("line"u8, line.number);
            if (line.outcome is { Status: PublishStatus.Repeated, Response: { } stored })
                Copy(writer, stored);
            else
                BatchReply.WriteResult(writer, line.outcome, line.message, line.Stream._application, line.Stream.MaxPayload);
        });
    }

    private int MaxPayload => maxPayloadBytes;

    private static void Copy(Utf8JsonWriter writer, byte[] stored)
    {
        using var document = JsonDocument.Parse(stored);
        foreach (var member in document.RootElement.EnumerateObject())
            member.WriteTo(writer);
    }

    /// <summary>The last line: the counts, and why the stream ended before its own end, if it did.</summary>
    private async Task EndAsync(PublishResult? refusal, CancellationToken cancellationToken)
    {
        WriteLine((Stream: this, refusal), static (writer, end) =>
        {
            if (end.refusal is { } refused)
            {
                writer.WriteNumber("line"u8, end.Stream._number + 1);
                var (status, code, detail) = PublishReply.Describe(refused, end.Stream._application, eventType: "", end.Stream.MaxPayload);
                writer.WriteNumber("status"u8, status);
                writer.WriteString("code"u8, code);
                // The usual words say that nothing was accepted, which is true of a request of its own and not of this one.
                var why = refused.Status == PublishStatus.Unavailable ? "This server takes no more messages just now." : detail;
                writer.WriteString("detail"u8, $"{why} Nothing from this line on was read.");
            }
            writer.WriteBoolean("done"u8, end.refusal is null);
            writer.WriteNumber("accepted"u8, end.Stream._accepted);
            writer.WriteNumber("refused"u8, end.Stream._refused);
        });
        await http.Response.BodyWriter.FlushAsync(cancellationToken);
    }

    private void WriteLine<T>(T state, Action<Utf8JsonWriter, T> write)
    {
        http.Response.BodyWriter.Write(JsonReply.Render((state, write), static (writer, line) =>
        {
            writer.WriteStartObject();
            line.write(writer, line.state);
            writer.WriteEndObject();
        }));
        http.Response.BodyWriter.Write("\n"u8);
    }
}
