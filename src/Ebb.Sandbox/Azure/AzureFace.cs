using System.Security.Cryptography;
using System.Text.Json;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Azure.Storage;
using Ebb.Sandbox.Cloud;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Ebb.Sandbox.Azure;

/// <summary>
/// Azure's protocols on a <see cref="CloudWorld"/>: resource manager, token endpoint, instance metadata of each machine.
/// Knows nothing of sockets: <see cref="HandleAsync"/> serves Kestrel and callers in the same process alike.
/// </summary>
public sealed class AzureFace : IDisposable
{
    // ARM's audiences in the public cloud, which clients that know no other ask tokens for.
    private static readonly string[] PublicAudiences = ["https://management.azure.com", "https://management.core.windows.net"];

    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly CloudWorld _world;
    private readonly AzureFaceOptions _options;
    private readonly TokenIssuer _issuer;
    private readonly LoginRoutes _login;
    private readonly AttestationSigner _attestation;
    private readonly MetadataRoutes _metadata;
    private readonly Arm _arm;
    private readonly Random _ids;

    public AzureFace(CloudWorld world, AzureFaceOptions options)
    {
        _world = world;
        _options = options;
        _issuer = new TokenIssuer(world.Options.TenantId, world.Agenda.Time);
        _login = new LoginRoutes(world, options, _issuer);
        _attestation = new AttestationSigner(world.Options.Location, world.Agenda.Time);
        _arm = new Arm(world, options);
        _metadata = new MetadataRoutes(_arm.Resources, _issuer, new AttestedData(_attestation, world.Agenda.Time));
        _ids = new Random(unchecked((world.Options.Seed * 17) + 3));
    }

    public CloudWorld World => _world;

    /// <summary>The root under which machines' attested documents are signed here, as PEM: what their readers are to trust.</summary>
    public string AttestationRootPem => _attestation.RootPem;

    /// <summary>The certificate between that root and the signer, as PEM: for readers that cannot fetch it.</summary>
    public string AttestationIntermediatePem =>
        PemEncoding.WriteString("CERTIFICATE", _attestation.Intermediate) + "\n";

    /// <summary>
    /// Where readers of attested documents reach this face by HTTP, to fetch the intermediate certificate. Null: where the machine
    /// that asked for the document reaches it.
    /// </summary>
    public Uri? PublicAddress
    {
        get => _attestation.PublicAddress;
        set => _attestation.PublicAddress = value;
    }

    /// <summary>What a machine printed on its console; null, or an answer of null: the face tells what became of its power. Asked under the gate.</summary>
    public Func<Instance, string?>? Console
    {
        get => _arm.Consoles.Read;
        set => _arm.Consoles.Read = value;
    }

    /// <summary>What the world does not keep itself: networks, identities, roles. Under the world's gate.</summary>
    internal ResourceStore Resources => _arm.Resources;

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        var ct = http.RequestAborted;
        if (FileRequest.IsOne(http.Request))
        {
            var status = await _arm.Files.HandleAsync(http);
            _options.Told?.Invoke(new ArmCall(_world.Agenda.Now, "", http.Request.Method, http.Request.Path.Value ?? "/", status));
            return;
        }

        var request = ArmRequest.Of(http.Request);
        ArmReply reply;
        try
        {
            reply = await AnswerAsync(request, http.Request, ct);
        }
        catch (Exception e) when (e is not (OperationCanceledException or BadHttpRequestException or IOException))
        {
            // A defect of the sandbox: said to the caller, who is its user, instead of an empty answer.
            reply = ArmReply.Error(500, "InternalServerError", $"The sandbox failed: {e}");
        }

        _options.Told?.Invoke(new ArmCall(_world.Agenda.Now, request.Caller.ClientId, request.Method, http.Request.Path.Value ?? "/", reply.Status));
        if (reply.Silent)
        {
            // The caller gives up first; the bound only keeps forgotten connections from piling up.
            await Task.Delay(_options.Silence, _world.Agenda.Time, ct);
            http.Abort();
            return;
        }

        if (reply.Delay > TimeSpan.Zero)
        {
            await Task.Delay(reply.Delay, _world.Agenda.Time, ct);
        }

        await WriteAsync(http, request, reply, ct);
    }

    public void Dispose()
    {
        _arm.Dispose();
        _issuer.Dispose();
        _attestation.Dispose();
    }

    private async Task<ArmReply> AnswerAsync(ArmRequest request, HttpRequest http, CancellationToken ct)
    {
        if (await _metadata.AnswerAsync(request, http, ct) is { } machine)
        {
            return machine;
        }

        // Certificates are public, and fetched by clients that have no token.
        if (request.Method == "GET" && http.Path.Equals(AttestationSigner.IntermediatePath, StringComparison.OrdinalIgnoreCase))
        {
            return new ArmReply(200) { Content = ("application/pkix-cert", _attestation.Intermediate) };
        }

        if (K3sChannels.Answer(request.Method, http.Path) is { } channel)
        {
            return channel;
        }

        if (await _login.AnswerAsync(request, http, ct) is { } login)
        {
            return login;
        }

        if (_arm.Consoles.Answer(request) is { } console)
        {
            return console;
        }

        request.Caller = ArmCaller.Trusted;
        if (_options.Authenticate && Unauthenticated(request) is { } unauthenticated)
        {
            return unauthenticated;
        }

        return request.CheckApiVersion() ?? await request.ReadBodyAsync(http, ct) ?? Dispatch(request);
    }

    /// <inheritdoc cref="Arm.Dispatch"/>
    internal ArmReply Dispatch(ArmRequest request) => _arm.Dispatch(request);

    private ArmReply? Unauthenticated(ArmRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (header.Length == 0)
        {
            return Challenge(request, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.");
        }

        const string Scheme = "Bearer ";
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return Challenge(request, "AuthenticationFailedInvalidHeader", "Authentication failed. The 'Authorization' header is provided in an invalid format.");
        }

        var (claims, code, message) = _issuer.Verify(header[Scheme.Length..].Trim());
        if (claims is null)
        {
            return Challenge(request, code!, message!);
        }

        request.Caller = new ArmCaller(claims["appid"]!.GetValue<string>(), claims["oid"]!.GetValue<string>());
        var audience = claims["aud"]!.GetValue<string>().TrimEnd('/');
        return IsOurs(request, audience)
            ? null
            : Challenge(request, "InvalidAuthenticationTokenAudience", $"The access token has been obtained for wrong audience or resource '{audience}'. It should exactly match with one of the allowed audiences '{request.BaseUrl}/','{string.Join("/','", PublicAudiences)}/'.");
    }

    // The face listens on several ports of this machine and is one resource all the same.
    private static bool IsOurs(ArmRequest request, string audience) =>
        audience.Equals(request.BaseUrl, StringComparison.OrdinalIgnoreCase)
        || PublicAudiences.Contains(audience, StringComparer.OrdinalIgnoreCase)
        || (Uri.TryCreate(audience, UriKind.Absolute, out var uri) && uri.IsLoopback);

    private static ArmReply Challenge(ArmRequest request, string code, string message) => ArmReply.Error(401, code, message) with
    {
        Headers = [("WWW-Authenticate", $"Bearer authorization_uri=\"{request.BaseUrl}/adfs\", error=\"invalid_token\", error_description=\"{message}\"")],
    };

    private async Task WriteAsync(HttpContext http, ArmRequest request, ArmReply reply, CancellationToken ct)
    {
        var response = http.Response;
        response.StatusCode = reply.Status;
        var (id, routing) = NextIds();
        response.Headers["x-ms-request-id"] = id;
        response.Headers["x-ms-correlation-request-id"] = id;
        response.Headers["x-ms-routing-request-id"] = $"{_world.Options.Location.ToUpperInvariant()}:{_world.Agenda.Now.UtcDateTime:yyyyMMddTHHmmssZ}:{routing}";
        response.Headers.CacheControl = "no-cache";
        response.Headers.Pragma = "no-cache";
        response.Headers.Expires = "-1";
        response.Headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains";
        response.Headers.XContentTypeOptions = "nosniff";
        if (request.Headers["x-ms-client-request-id"] is [{ Length: > 0 and <= 128 } client] && FileRequest.IsHeaderText(client) && request.Headers["x-ms-return-client-request-id"] == "true")
        {
            response.Headers["x-ms-client-request-id"] = client;
        }

        foreach (var (name, value) in reply.Headers)
        {
            response.Headers[name] = value;
        }

        if (reply.Content is var (type, bytes))
        {
            response.ContentType = type;
            await response.Body.WriteAsync(bytes, ct);
        }
        else if (reply.Text is not null)
        {
            response.ContentType = "text/plain; charset=utf-8";
            await response.WriteAsync(reply.Text, ct);
        }
        else if (reply.Body is not null && request.Method != "HEAD")
        {
            response.Headers[HeaderNames.ContentType] = "application/json; charset=utf-8";
            await response.WriteAsync(reply.Body.ToJsonString(Plain), ct);
        }
    }

    private (string Request, string Routing) NextIds()
    {
        lock (_world.Agenda.Gate)
        {
            return (Next(), Next());
        }

        string Next()
        {
            Span<byte> bytes = stackalloc byte[16];
            _ids.NextBytes(bytes);
            return new Guid(bytes).ToString();
        }
    }
}
