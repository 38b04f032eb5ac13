using System.Text.RegularExpressions;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using Microsoft.AspNetCore.Http;

namespace Ebb.Sandbox.Azure.Storage;

/// <summary>
/// The REST protocol of file shares: signed requests on <c>/{account}.file/…</c> of this face, which is what an account
/// names as its file endpoint.
/// </summary>
internal sealed partial class FileService(ResourceStore store, StorageAccounts accounts, FileShareType shares)
{
    // What one write may carry.
    private const int MaxBody = 4 << 20;

    // What one read of a file takes from it at a time: the world stands still for no longer than that.
    private const int ChunkSize = 256 << 10;

    // How far the caller's clock may be off.
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(15);

    private readonly CloudWorld _world = store.World;
    private readonly FileVerbs _files = new(accounts);

    /// <summary>Answers a request for which <see cref="FileRequest.IsOne"/> holds; returns the status.</summary>
    public async Task<int> HandleAsync(HttpContext http)
    {
        var ct = http.RequestAborted;
        var id = http.Request.Headers["x-ms-client-request-id"] is [{ Length: > 0 and <= 128 } given] && FileRequest.IsHeaderText(given)
            ? given
            : http.TraceIdentifier;
        var now = _world.Agenda.Now;
        var request = FileRequest.Of(http.Request);
        FileReply reply;
        try
        {
            var body = http.Request.Method is "PUT" or "POST" ? await ArmRequest.ReadBoundedAsync(http.Request.Body, MaxBody, ct) : [];
            reply = _world.Agenda.Held(() => Answer(request, body, now));
        }
        catch (FileRefusal e)
        {
            reply = e.Reply(id, now);
        }
        catch (Exception e) when (e is not (OperationCanceledException or BadHttpRequestException or IOException))
        {
            // A defect of the sandbox: said to the caller, who is its user, instead of an empty answer.
            reply = new FileRefusal(500, "InternalError", $"The sandbox failed: {e}").Reply(id, now);
        }

        await WriteAsync(http, request, reply, id, ct);
        return reply.Status;
    }

    private FileReply Answer(FileRequest r, byte[]? body, DateTimeOffset now)
    {
        var account = Authorize(r, now);
        r.Body = body ?? throw new FileRefusal(413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit.")
        {
            More = [("MaxLimit", $"{MaxBody}")],
        };
        if (r.Share is null)
        {
            return ShareVerbs.OfService(r, account);
        }

        if (ShareVerbs.Answer(r, account, now) is not { } reply)
        {
            return _files.Answer(r, account, now);
        }

        shares.Reconcile(store, account);
        return reply;
    }

    private StorageAccount Authorize(FileRequest r, DateTimeOffset now)
    {
        var account = accounts.Find(r.Account)
            ?? throw new FileRefusal(404, "ResourceNotFound", $"There is no storage account {r.Account} in this sandbox.");
        if (account.HttpsOnly && !r.Http.IsHttps)
        {
            throw new FileRefusal(400, "AccountRequiresHttps", "The account being accessed does not support http.");
        }

        var version = r.Required("x-ms-version");
        if (!VersionPattern().IsMatch(version))
        {
            throw FileRefusal.InvalidHeader("x-ms-version", version);
        }

        var header = r.Header("Authorization")
            ?? throw new FileRefusal(401, "NoAuthenticationInformation", "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.");
        if (!account.SharedKeyAccess)
        {
            throw new FileRefusal(403, "KeyBasedAuthenticationNotPermitted", "Key based authentication is not permitted on this storage account.");
        }

        var match = AuthorizationPattern().Match(header);
        if (!match.Success)
        {
            throw new FileRefusal(400, "InvalidAuthenticationInfo", "Authentication information is not given in the correct format. Check the value of Authorization header.");
        }

        if (!DateTimeOffset.TryParseExact(r.Header("x-ms-date") ?? r.Header("Date"), "R", null, System.Globalization.DateTimeStyles.AssumeUniversal, out var date)
            || (date - now).Duration() > Skew)
        {
            throw Unauthentic($"Request date header not specified, malformed or too old: '{r.Header("x-ms-date") ?? r.Header("Date")}'.");
        }

        var text = SharedKey.StringToSign(r.Http, account.Name, r.EncodedPath);
        if (match.Groups[1].Value != account.Name || !SharedKey.Verify(text, match.Groups[2].Value, account.Keys.Select(k => k.Value)))
        {
            throw Unauthentic($"The MAC signature found in the HTTP request '{match.Groups[2].Value}' is not the same as any computed signature. Server used following string to sign: '{text}'.");
        }

        return account;
    }

    private static FileRefusal Unauthentic(string detail) => new(
        403,
        "AuthenticationFailed",
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.")
    {
        More = [("AuthenticationErrorDetail", detail)],
    };

    private async Task WriteAsync(HttpContext http, FileRequest request, FileReply reply, string id, CancellationToken ct)
    {
        var response = http.Response;
        response.StatusCode = reply.Status;
        response.Headers["x-ms-request-id"] = http.TraceIdentifier;
        response.Headers["x-ms-version"] = request.Header("x-ms-version") is { } version && VersionPattern().IsMatch(version) ? version : "2023-11-03";
        response.Headers["x-ms-client-request-id"] = id;
        response.Headers.Date = _world.Agenda.Now.UtcDateTime.ToString("R");
        foreach (var (name, value) in reply.Headers)
        {
            response.Headers[name] = value;
        }

        if (reply.ContentType is not null)
        {
            response.ContentType = reply.ContentType;
        }

        if (reply.Part is { } part)
        {
            response.ContentLength = part.Count;
            if (request.Method != "HEAD")
            {
                await WriteAsync(response, part.Content, part.Offset, part.Count, ct);
            }

            return;
        }

        response.ContentLength = reply.Body?.Length ?? 0;
        if (reply.Body is not null && request.Method != "HEAD")
        {
            await response.Body.WriteAsync(reply.Body, ct);
        }
    }

    private async Task WriteAsync(HttpResponse response, FileContent content, long offset, long count, CancellationToken ct)
    {
        var chunk = new byte[Math.Min(ChunkSize, count)];
        while (count > 0)
        {
            var size = (int)Math.Min(chunk.Length, count);
            lock (_world.Agenda.Gate)
            {
                content.Read(offset, chunk.AsSpan(0, size));
            }

            await response.Body.WriteAsync(chunk.AsMemory(0, size), ct);
            offset += size;
            count -= size;
        }
    }

    [GeneratedRegex(@"^20\d\d-\d\d-\d\d\z")]
    private static partial Regex VersionPattern();

    [GeneratedRegex(@"^SharedKey ([a-z0-9]+):([A-Za-z0-9+/]+=*)\z")]
    private static partial Regex AuthorizationPattern();
}
